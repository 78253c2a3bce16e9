"""Methods that explain what a network answers to pictures: functions of any `nn.Module` and a batch.

`pictures` are (n, channels, h, w), floating point, in whatever range the network was trained on and on its device;
`targets` are the labels that are explained, one for each picture or one for all: the network's own answers where none
are named. A layer goes by its name in `network.named_modules()`. The network answers in evaluation mode and is left as
it was: modes, gradients, hooks. What cannot be explained raises TypeError or ValueError; what a network will not take,
such as pictures of fewer colours, raises its own.

attributions   gradient, smoothgrad, integrated, layercam: a backward pass
perturbation   lime, rise, occlusion: many forward passes with parts of the picture hidden
ascent         filter_pictures: what a filter answers to most
activations    recording, output, spatial_means: what layers put out
inputs         logits; and our own faces, uint8 (n, 48, 48), as the networks of this package take them
superpixels    a picture's segments; the package lime for one picture and any classifier
surrogates     the linear model inside LIME
methods, service, stem   all methods by name for our own faces and networks, sooner than for any other
"""
