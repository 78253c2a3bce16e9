import platform

import pytest
import torch

from ferpipe.networks import machine

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("onednn", "kind", "avx512", "amx", "wanted"),
    [
        (True, "x86_64", False, False, False),  # imitated by AVX-512 alone
        (True, "x86_64", True, False, True),
        (True, "AMD64", False, True, True),
        (True, "aarch64", False, False, True),
        (False, "x86_64", True, True, False),
        (False, "arm64", False, False, False),
    ],
)
def test_a_processor_answers_in_bf16_where_it_multiplies_it_itself(monkeypatch, onednn, kind, avx512, amx, wanted):
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: onednn)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    monkeypatch.setattr(platform, "machine", lambda: kind)
    assert machine.half(CPU) == wanted


def test_other_devices_than_processors_and_cuda_answer_in_float32():
    assert not machine.half(torch.device("mps"))
