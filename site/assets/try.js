"use strict";
(() => {
const SIDE = 48, PIXELS = SIDE * SIDE;

const engine = () => {
const SIDE = 48;
const STEMS = { imagenet: [7, 2, true], strided: [7, 2, false], pooled: [3, 1, true], small: [3, 1, false] };
const bytes = text => { const raw = atob(text), out = new Uint8Array(raw.length); for (let i = 0; i < out.length; i++) out[i] = raw.charCodeAt(i); return out; };
const floats = text => new Float32Array(bytes(text).buffer);

const whole = (text, n) => {
const b = bytes(text), out = new Int16Array(n);
for (let i = 0; i < n; i++) { const at = 10 * i, k = at >> 3; out[i] = ((b[k] | b[k + 1] << 8) >> (at & 7) & 1023) - 512; }
return out;
};

let net = null;
const load = function* (given) {
const [kernel, stride, pooled] = STEMS[given.stem], scales = floats(given.scales), biases = floats(given.biases);
let number = 0, at = 0;
const layer = (inputs, outputs, size, step) => {
const n = size * size * inputs, values = whole(given.weights[number++], outputs * n), weights = new Float64Array(outputs * n);
for (let o = 0; o < outputs; o++) for (let i = o * n, end = i + n; i < end; i++) weights[i] = values[i] * scales[at + o];
const made = { inputs, outputs, size, step, weights, biases: biases.slice(at, at + outputs) };
at += outputs;
return made;
};
const stem = layer(1, 64, kernel, stride), blocks = [];
yield;
let channels = 64;
for (let stage = 0; stage < 4; stage++) {
for (let block = 0; block < 2; block++) {
const wide = given.width << stage, step = stage && !block ? 2 : 1;
const one = layer(channels, wide, 3, step);
yield;
const two = layer(wide, wide, 3, 1);
yield;
blocks.push({ one, two, short: step > 1 || channels !== wide ? layer(channels, wide, 1, step) : null });
channels = wide;
}
}
const head = layer(channels, given.classes, 1, 1);
net = { stem, pooled, blocks, head, enlarge: given.enlarge, outside: given.outside,
alarm: whole(given.alarm, 9 * given.width * 4), alarmScale: given.alarmScale, alarmBias: given.alarmBias };
};

const empty = (h, w, c, pad) => ({ h, w, c, pad, data: new Float64Array((h + 2 * pad) * (w + 2 * pad) * c) });

const convolve = (map, layer, pad, relu, add) => {
const { size, step, inputs, outputs, weights, biases } = layer, border = size >> 1;
const h = Math.floor((map.h + 2 * border - size) / step) + 1, w = Math.floor((map.w + 2 * border - size) / step) + 1;
const out = empty(h, w, outputs, pad), x = map.data, line = (map.w + 2 * map.pad) * inputs, run = size * inputs, n = h * w, span = size * run;
const from = new Int32Array(n), to = new Int32Array(n), base = new Int32Array(n);
for (let p = 0; p < n; p++) {
const r = Math.floor(p / w), c = p % w;
from[p] = (r * step + map.pad - border) * line + (c * step + map.pad - border) * inputs;
to[p] = ((r + pad) * (w + 2 * pad) + c + pad) * outputs;
if (add) base[p] = ((r + add.pad) * (w + 2 * add.pad) + c + add.pad) * outputs;
}
const y = out.data;
for (let o = 0; o < outputs; o += 4) {
const o1 = Math.min(o + 1, outputs - 1), o2 = Math.min(o + 2, outputs - 1), o3 = Math.min(o + 3, outputs - 1);
for (let p = 0; p < n; p += 4) {
const f0 = from[p], f1 = from[Math.min(p + 1, n - 1)], f2 = from[Math.min(p + 2, n - 1)], f3 = from[Math.min(p + 3, n - 1)];
let a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0, c0 = 0, c1 = 0, c2 = 0, c3 = 0, d0 = 0, d1 = 0, d2 = 0, d3 = 0;
for (let k = 0; k < size; k++) {
const shift = k * line, at = k * run;
let i0 = f0 + shift, i1 = f1 + shift, i2 = f2 + shift, i3 = f3 + shift, j0 = o * span + at, j1 = o1 * span + at, j2 = o2 * span + at, j3 = o3 * span + at;
for (const end = j0 + run; j0 < end;) {
const x0 = x[i0++], x1 = x[i1++], x2 = x[i2++], x3 = x[i3++], w0 = weights[j0++], w1 = weights[j1++], w2 = weights[j2++], w3 = weights[j3++];
a0 += x0 * w0; a1 += x0 * w1; a2 += x0 * w2; a3 += x0 * w3;
b0 += x1 * w0; b1 += x1 * w1; b2 += x1 * w2; b3 += x1 * w3;
c0 += x2 * w0; c1 += x2 * w1; c2 += x2 * w2; c3 += x2 * w3;
d0 += x3 * w0; d1 += x3 * w1; d2 += x3 * w2; d3 += x3 * w3;
}
}
const sums = [a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, d0, d1, d2, d3];
for (let q = 0; q < 4 && p + q < n; q++) {
for (let r = 0; r < 4 && o + r < outputs; r++) {
const value = sums[4 * q + r] + biases[o + r] + (add ? add.data[base[p + q] + o + r] : 0);
y[to[p + q] + o + r] = relu && value < 0 ? 0 : value;
}
}
}
}
return out;
};

const pool = map => {
const h = (map.h + 1) >> 1, w = (map.w + 1) >> 1, out = empty(h, w, map.c, 1);
for (let r = 0; r < h; r++) for (let c = 0; c < w; c++) for (let k = 0; k < map.c; k++) {
let most = -Infinity;
for (let y = Math.max(2 * r - 1, 0); y <= Math.min(2 * r + 1, map.h - 1); y++) for (let x = Math.max(2 * c - 1, 0); x <= Math.min(2 * c + 1, map.w - 1); x++) {
const value = map.data[((y + map.pad) * (map.w + 2 * map.pad) + x + map.pad) * map.c + k];
if (value > most) most = value;
}
out.data[((r + 1) * (w + 2) + c + 1) * map.c + k] = most;
}
return out;
};

const entered = (pixels, pad) => {
const times = net.enlarge, side = SIDE * times, out = empty(side, side, 1, pad), grey = (r, c) => (pixels[r * SIDE + c] / 255 - 0.5) / 0.25;
const along = i => { const at = Math.max((i + 0.5) / times - 0.5, 0), low = Math.floor(at); return [low, Math.min(low + 1, SIDE - 1), at - low]; };
out.data.fill(net.outside);
for (let r = 0; r < side; r++) for (let c = 0; c < side; c++) {
const [r0, r1, v] = along(r), [c0, c1, u] = along(c);
const value = (1 - v) * ((1 - u) * grey(r0, c0) + u * grey(r0, c1)) + v * ((1 - u) * grey(r1, c0) + u * grey(r1, c1));
out.data[(r + pad) * (side + 2 * pad) + c + pad] = value;
}
return out;
};

const alarmed = map => {
const third = map.h / 3, line = map.w + 2 * map.pad;
let sum = 0;
for (let r = 0; r < map.h; r++) for (let c = 0; c < map.w; c++) {
const from = ((r + map.pad) * line + c + map.pad) * map.c, at = (Math.floor(r / third) * 3 + Math.floor(c / third)) * map.c;
for (let k = 0; k < map.c; k++) sum += map.data[from + k] * net.alarm[at + k];
}
return sum * net.alarmScale / (third * third) + net.alarmBias;
};

const forward = function* (pixels) {
let map = convolve(entered(pixels, net.stem.size >> 1), net.stem, net.pooled ? 0 : 1, true, null), alarm = 0;
yield;
if (net.pooled) { map = pool(map); yield; }
for (const [k, { one, two, short }] of net.blocks.entries()) {
const inner = convolve(map, one, 1, true, null);
yield;
map = convolve(inner, two, 1, true, short ? convolve(map, short, 0, false, null) : map);
yield;
if (k === 5) alarm = alarmed(map);
}
const mean = empty(1, 1, map.c, 0), line = map.w + 2;
for (let r = 0; r < map.h; r++) for (let c = 0; c < map.w; c++) for (let k = 0; k < map.c; k++) mean.data[k] += map.data[((r + 1) * line + c + 1) * map.c + k] / (map.h * map.w);
return { logits: [...convolve(mean, net.head, 0, false, null).data], alarm };
};
return { load, forward };
};

const turns = () => {
let since = performance.now();
return async () => { if (performance.now() - since > 8) { await new Promise(done => setTimeout(done)); since = performance.now(); } };
};

const decoded = (blob, imageOrientation) => createImageBitmap(blob, { imageOrientation, colorSpaceConversion: "none", premultiplyAlpha: "none" }).catch(() => createImageBitmap(blob)).then(image => {
if (image.width * image.height <= 5e7) return image;  // as many as predict reads
image.close();
throw new RangeError("too large");
});

const marked = async blob => {
const view = new DataView(await blob.arrayBuffer()), word = at => String.fromCharCode(...[0, 1, 2, 3].map(k => view.getUint8(at + k)));
try {
if (word(0) !== "RIFF" || word(8) !== "WEBP") return 0;
for (let at = 12, size; ; at += 8 + size + size % 2) {
size = view.getUint32(at + 4, true);
if (word(at) !== "EXIF") continue;
const start = at + 8 + 6 * (word(at + 8) === "Exif"), little = view.getUint16(start) === 0x4949, table = start + view.getUint32(start + 4, little);
for (let entry = table + 2, end = entry + 12 * view.getUint16(table, little); entry < end; entry += 12) if (view.getUint16(entry, little) === 0x112) return view.getUint16(entry + 8, little);
return 1;
}
} catch { return word(0) === "RIFF" ? 1 : 0; }  // its end
};

const asker = async network => {
const source = `const decoded = ${decoded}, engine = (${engine})(), run = steps => { let at; do at = steps.next(); while (!at.done); return at.value; };
postMessage("here");
onmessage = async ({ data }) => {
try {
const answer = data.network ? run(engine.load(data.network)) : data.map ? data.map(picture => run(engine.forward(picture))) : await decoded(...data.file);
postMessage(answer, answer?.close ? [answer] : []);
} catch (fault) { postMessage({ fault: fault.name }); }
};`;
const turn = turns(), run = async steps => { for (let at = steps.next(); ; at = steps.next()) { if (at.done) return at.value; await turn(); } };
let worker, own;
const here = async asked => {
worker?.terminate();
if (!own) { own = engine(); await run(own.load(network)); }
if (asked.file) return decoded(...asked.file);
const answers = [];
for (const picture of asked) answers.push(await run(own.forward(picture)));
return answers;
};
const said = (asked, wait) => new Promise((done, fail) => {
worker.onmessage = ({ data }) => data?.fault ? fail(data.fault) : done(data);
worker.onerror = fail;
setTimeout(fail, wait);
if (asked) worker.postMessage(asked);
});
try {
worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
await said(null, 1e3);
await said({ network }, 1e4);
} catch { await here([]); }
return async asked => {
if (own) return here(asked);
try { return await said(asked, 1e4); } catch (fault) {
if (!asked.file || !fault?.at) return here(asked);  // silent, or ended: no fault has a name
if (/^(Ref|Type)/.test(fault)) return decoded(...asked.file);
throw fault;
}
};
};

const softmax = logits => { const most = Math.max(...logits), e = logits.map(v => Math.exp(v - most)), sum = e.reduce((a, b) => a + b); return e.map(v => v / sum); };

const SHIFTS = [[0, 0, 0.5], [1, 1, 0.25], [-1, -1, 0.25]];
const views = picture => SHIFTS.flatMap(([down, right]) => {
const inside = i => i < 0 ? -i : i > SIDE - 1 ? 2 * SIDE - 2 - i : i, moved = new Uint8Array(PIXELS);
for (let r = 0; r < SIDE; r++) for (let c = 0; c < SIDE; c++) moved[r * SIDE + c] = picture[inside(r - down) * SIDE + inside(c - right)];
return [moved, mirrored(moved)];
});
const joined = answers => answers[0].logits.map((_, k) => answers.reduce((sum, answer, i) => sum + answer.logits[k] * SHIFTS[i >> 1][2] / 2, 0));

const mirrored = picture => picture.map((_, i) => picture[i - i % SIDE + SIDE - 1 - i % SIDE]);

const resized = async ({ grey, width, height }, left, top, side) => {
const lanczos = x => { if (x === 0) return 1; if (x <= -3 || x >= 3) return 0; const p = Math.PI * x; return 3 * Math.sin(p) * Math.sin(p / 3) / (p * p); };
const taps = (start, size) => Array.from({ length: SIDE }, (_, i) => {
const scale = side / SIDE, wide = Math.max(scale, 1), middle = start + (i + 0.5) * scale;
const low = Math.max(Math.trunc(middle - 3 * wide + 0.5), 0), high = Math.min(Math.trunc(middle + 3 * wide + 0.5), size), weights = [];
for (let k = low; k < high; k++) weights.push(lanczos((k - middle + 0.5) / wide));
const sum = weights.reduce((a, b) => a + b, 0);
return [low, weights.map(w => Math.trunc(w / sum * 4194304 + (w / sum < 0 ? -0.5 : 0.5)))];
});
const read = (levels, at, step, weights) => { let sum = 2097152; for (const w of weights) { sum += levels[at] * w; at += step; } return Math.max(0, Math.min(255, Math.floor(sum / 4194304))); };
const across = taps(left, width), down = taps(top, height), first = down[0][0], last = down[SIDE - 1][0] + down[SIDE - 1][1].length;
const rows = new Uint8Array((last - first) * SIDE), out = new Uint8Array(PIXELS), turn = turns();
for (let r = first; r < last; r++) {
await turn();
across.forEach(([low, weights], c) => { rows[(r - first) * SIDE + c] = read(grey, r * width + low, 1, weights); });
}
down.forEach(([low, weights], r) => { for (let c = 0; c < SIDE; c++) out[r * SIDE + c] = read(rows, (low - first) * SIDE + c, SIDE, weights); });
return out;
};

const make = (tag, properties = {}, ...children) => { const element = Object.assign(document.createElement(tag), properties); element.append(...children); return element; };

const greyed = async source => {
const { width, height } = source, strip = Math.min(height, Math.ceil(2e5 / width)), canvas = make("canvas", { width, height: strip });
const context = canvas.getContext("2d", { willReadFrequently: true }), grey = new Uint8Array(width * height), turn = turns();
for (let top = 0; top < height; top += strip) {
await turn();
context.clearRect(0, 0, width, strip);
context.drawImage(source, 0, -top);
const rgba = context.getImageData(0, 0, width, Math.min(strip, height - top)).data;
for (let i = top * width, k = 0; k < rgba.length; i++, k += 4) {
const level = (rgba[k] * 19595 + rgba[k + 1] * 38470 + rgba[k + 2] * 7471 + 32768) >> 16, alpha = rgba[k + 3];
grey[i] = alpha === 255 ? level : Math.round((level * alpha + 255 * (255 - alpha)) / 255);
}
}
return { grey, width, height };
};

const upright = async ({ grey, width, height }, mark) => {
if (!(mark > 1 && mark < 9)) return { grey, width, height };
const across = mark > 4, made = { grey: new Uint8Array(grey.length), width: across ? height : width, height: across ? width : height }, turn = turns();
for (let r = 0; r < made.height; r++) {
await turn();
for (let c = 0; c < made.width; c++) {
const x = across ? r : c, y = across ? c : r;
made.grey[r * made.width + c] = grey[([3, 4, 6, 7].includes(mark) ? height - 1 - y : y) * width + ([2, 3, 7, 8].includes(mark) ? width - 1 - x : x)];
}
}
return made;
};

const hidden = (picture, cells, grid) => {
if (!cells.size) return picture;
const level = Math.floor(picture.reduce((a, b) => a + b, 0) / PIXELS + 0.5), side = SIDE / grid;
return picture.map((value, i) => cells.has(Math.floor(i / SIDE / side) * grid + Math.floor(i % SIDE / side)) ? level : value);
};

const inside = i => Math.max(0, Math.min(SIDE - 1, i));

const blurred = (picture, sigma) => {
if (!sigma) return picture;
const reach = Math.ceil(3 * sigma), kernel = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma)));
const sum = kernel.reduce((a, b) => a + b);
const pass = (from, index) => from.map((_, i) => kernel.reduce((total, k, j) => total + k * from[index(Math.floor(i / SIDE), i % SIDE, j - reach)], 0) / sum);
const once = pass(Float32Array.from(picture), (r, c, d) => r * SIDE + inside(c + d));
return Uint8Array.from(pass(once, (r, c, d) => inside(r + d) * SIDE + c), Math.round);
};

const turned = (picture, degrees) => {
if (!degrees) return picture;
const angle = degrees * Math.PI / 180, cos = Math.cos(angle), sin = Math.sin(angle), middle = (SIDE - 1) / 2;
return picture.map((_, i) => {
const y = Math.floor(i / SIDE) - middle, x = i % SIDE - middle, v = inside(cos * y - sin * x + middle), u = inside(cos * x + sin * y + middle);
const r = Math.floor(v), c = Math.floor(u), at = (a, b) => picture[inside(a) * SIDE + inside(b)];
return Math.round((1 - v + r) * ((1 - u + c) * at(r, c) + (u - c) * at(r, c + 1)) + (v - r) * ((1 - u + c) * at(r + 1, c) + (u - c) * at(r + 1, c + 1)));
});
};

const drawn = seed => () => (seed = seed * 48271 % 2147483647) / 2147483647;

const noisy = (picture, amount) => {
if (!amount) return picture;
const next = drawn(1), normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
return picture.map(value => Math.max(0, Math.min(255, Math.round(value + amount * normal()))));
};

const regression = (rows, answers, weights) => {
const n = rows[0].length + 1, a = Array.from({ length: n }, () => new Float64Array(n + 1));
rows.forEach((row, s) => { const x = [...row, 1, answers[s]]; for (let i = 0; i < n; i++) if (x[i]) for (let j = 0; j <= n; j++) a[i][j] += weights[s] * x[i] * x[j]; });
for (let i = 0; i < n - 1; i++) a[i][i] += 1;
for (let i = 0; i < n; i++) for (let k = 0; k < n; k++) if (k !== i) { const f = a[k][i] / a[i][i]; for (let j = i; j <= n; j++) a[k][j] -= f * a[i][j]; }
const beta = a.map((row, i) => row[n] / row[i]), sum = weights.reduce((x, y) => x + y), middle = answers.reduce((t, v, s) => t + weights[s] * v, 0) / sum;
let left = 0, all = 0;
rows.forEach((row, s) => { const told = row.reduce((t, v, i) => t + v * beta[i], beta[n - 1]); left += weights[s] * (answers[s] - told) ** 2; all += weights[s] * (answers[s] - middle) ** 2; });
return { beta: beta.slice(0, -1), fit: all ? 1 - left / all : 0 };
};

window.ferpipeTry = async (place, given) => {
const { words, classes, controls, experiments, grid } = given, say = (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
const percent = value => `${(100 * value).toFixed(1)}%`;
const one = await asker(window.ferpipeNetwork), other = asker(window.ferpipeNetwork);
const ask = async (asked, half = asked.length / 2) => half > 0.5 ? (await Promise.all([one(asked.slice(0, half)), other.then(ask => ask(asked.slice(half)))])).flat() : one(asked);
const variants = controls.flatMap(({ name, levels }) => levels.map(level => [name, level])), each = 1 + variants.length;
const variant = () => variants.findIndex(([name, level]) => name === state.control && level === state.level);
const out = Uint8Array.from(atob(window.ferpipeFaces), letter => letter.charCodeAt());
const sheet = await greyed(await ask({ file: [new Blob([out], { type: "image/webp" }), "none"] }));
const wide = sheet.width / SIDE;
const face = index => { const out = new Uint8Array(PIXELS), top = Math.floor(index / wide) * SIDE, left = index % wide * SIDE; for (let r = 0; r < SIDE; r++) out.set(sheet.grey.subarray((top + r) * sheet.width + left, (top + r) * sheet.width + left + SIDE), r * SIDE); return out; };

const first = { person: 0, face: given.start, control: "", level: 0, bright: 0, blur: 0, turn: 0, noise: 0, mirror: false, hide: new Set(), own: null, zoom: 1, x: 0, y: 0 };
let state = { ...first, hide: new Set() }, shown = null, rested = null, job = 0, taking = 0, chances = [], alarm = 0, waiting = false, again = false, rest = 0;
const index = () => given.people ? (state.person * given.emotions.length + state.face) * each + 1 + variant() : state.face;
const framed = async (own, zoom, x, y) => {
const mine = ++taking, { grey, width, height } = own, side = Math.min(width, height) / zoom, round = zoom === 1 && !x && !y ? Math.floor : v => v;
const place = (size, share) => round((size - side) / 2) + (size - side) / 2 * share;
const seen = width === SIDE && height === SIDE && zoom === 1 ? grey : await resized(own, place(width, x), place(height, y), side);
if (mine !== taking) return false;
own.seen = seen;
return true;
};
const picture = () => {
let now = turned(state.own?.seen ?? face(index()), state.turn);
if (state.mirror) now = mirrored(now);
now = blurred(now, state.blur);
if (state.bright) now = now.map(v => Math.max(0, Math.min(255, v + state.bright)));
return hidden(noisy(now, state.noise), state.hide, grid);
};

const canvas = make("canvas", { width: SIDE, height: SIDE, className: "try-face" }), map = make("canvas", { width: grid, height: grid, className: "try-map" });
canvas.setAttribute("role", "img");
const paint = () => {
const context = canvas.getContext("2d"), data = context.createImageData(SIDE, SIDE);
shown.forEach((v, i) => data.data.set([v, v, v, 255], 4 * i));
context.putImageData(data, 0, 0);
};
const clear = () => { map.dataset.told = ""; map.getContext("2d").clearRect(0, 0, grid, grid); };
const paintMap = values => {
const most = Math.max(...values.map(Math.abs)) || 1, context = map.getContext("2d"), data = context.createImageData(grid, grid);
values.forEach((v, i) => data.data.set([...(v > 0 ? [176, 80, 10] : [30, 90, 170]), Math.round(230 * Math.min(Math.abs(v) / most, 1))], 4 * i));
context.putImageData(data, 0, 0);
};

const bars = classes.map((name, k) => {
const value = make("span", { className: "try-value" }), bar = make("meter", { min: 0, max: 1, value: 0 });
bar.setAttribute("aria-label", name);
const item = make("li", { id: `try-${given.ids[k]}` }, make("span", { textContent: name }), bar, value);
return { item, bar, value };
});
const said = make("p", { className: "visually-hidden" }), warning = make("p", { className: "try-warning", hidden: true, textContent: words.unlike }), told = make("p", { className: "try-told" });
said.setAttribute("aria-live", "polite");
told.setAttribute("aria-live", "polite");
const tell = resting => {
for (const [k, { item, bar, value }] of bars.entries()) { item.dataset.value = chances[k]; bar.value = chances[k]; value.textContent = percent(chances[k]); }
warning.hidden = alarm <= 0;
const order = classes.map((_, k) => k).sort((a, b) => chances[b] - chances[a]);
if (resting) { place.dataset.state = "rest"; said.textContent = `${order.slice(0, 2).map(k => `${classes[k]} ${percent(chances[k])}`).join(words.comma)}${alarm > 0 ? ` ${words.unlike}` : ""}`; canvas.setAttribute("aria-label", said.textContent); }
};

let line = Promise.resolve();
const queued = pictures => { const answer = line.then(() => ask(pictures)); line = answer.catch(() => { told.textContent = words.lost; }); return answer; };
const look = async () => {
if (waiting) { again = true; return; }
waiting = true;
try {
do {
again = false;
const now = shown, [answer] = await queued([now]);
if (now !== rested) { chances = softmax(answer.logits); alarm = answer.alarm; tell(false); }
} while (again);
} finally { waiting = false; }
};
const settle = async () => {
const asked = shown, answers = await queued(views(asked));
if (asked !== shown) return;
rested = asked;
chances = softmax(joined(answers)); alarm = answers[0].alarm; tell(true);
};
const idle = () => { if (document.activeElement === stop) lime.focus(); stop.hidden = progress.hidden = true; };
const change = () => {
job++;
rested = null;
idle();
clear();
told.textContent = "";
place.dataset.state = "moving";
shown = picture();
paint();
look();
clearTimeout(rest);
rest = setTimeout(settle, 200);
};

const inputs = {};
const labelled = (name, input, text) => { inputs[name] = input; input.id = `try-${name}`; return make("label", { className: "try-control" }, make("span", { textContent: text }), input); };
const level = input => { input.nextSibling.textContent = input.value; };
const range = (name, text, min, max, step, set) => {
const input = make("input", { type: "range", min, max, step, value: 0 });
input.addEventListener("input", async () => { const ready = set(Number(input.value)); level(input); if (await ready !== false) change(); });
const label = labelled(name, input, text);
label.append(make("span", { className: "try-level", ariaHidden: true }));
return label;
};
const choice = (name, text, options, set) => {
const input = make("select", {}, ...options.map((option, k) => make("option", { value: k, textContent: option })));
input.addEventListener("change", () => { set(Number(input.value)); taking++; state.own = null; sync(); change(); });
return labelled(name, input, text);
};
const button = (name, text, press) => { const made = make("button", { type: "button", id: `try-${name}`, textContent: text }); made.addEventListener("click", press); return made; };
const sync = () => {
off();
for (const [name, input] of Object.entries(inputs)) {
if (input.type === "checkbox") input.checked = state[name];
else if (input.type === "file") continue;
else input.value = name in state ? state[name] : state.control === name ? state.level : 0;
if (input.type === "range") level(input);
else if (input.options && state.own) input.selectedIndex = -1;
}
for (const [k, cell] of cells.entries()) cell.checked = state.hide.has(k);
square.hidden = !state.own;
link.disabled = Boolean(state.own);
};

const cells = Array.from({ length: grid * grid }, (_, k) => {
const input = make("input", { type: "checkbox", tabIndex: k ? -1 : 0 });
input.setAttribute("aria-label", say("cell", { row: Math.floor(k / grid) + 1, column: k % grid + 1 }));
input.addEventListener("change", () => { input.checked ? state.hide.add(k) : state.hide.delete(k); change(); });
return input;
});
const board = make("div", { className: "try-cells" }, ...cells);
board.setAttribute("role", "group");
board.setAttribute("aria-label", words.brush);
board.addEventListener("keydown", event => {
const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: grid, ArrowUp: -grid }[event.key], at = cells.indexOf(document.activeElement), next = cells[at + step];
if (!step || !next || step * step === 1 && Math.floor(at / grid) !== Math.floor((at + step) / grid)) return;
event.preventDefault();
cells[at].tabIndex = -1; next.tabIndex = 0; next.focus();
});
let brush = null, last = null;
const under = (x, y) => { const box = board.getBoundingClientRect(), c = Math.floor((x - box.left) / box.width * grid), r = Math.floor((y - box.top) / box.height * grid); return r >= 0 && r < grid && c >= 0 && c < grid ? r * grid + c : -1; };
const stroke = ({ clientX, clientY }) => {
const from = last ?? [clientX, clientY], steps = Math.ceil(Math.hypot(clientX - from[0], clientY - from[1]) / 8) || 1;
let changed = false;
last = [clientX, clientY];
for (let s = 1; s <= steps; s++) {
const k = under(from[0] + (clientX - from[0]) * s / steps, from[1] + (clientY - from[1]) * s / steps);
if (k < 0 || state.hide.has(k) === brush) continue;
brush ? state.hide.add(k) : state.hide.delete(k);
cells[k].checked = brush;
changed = true;
}
if (changed) change();
};
board.addEventListener("pointerdown", event => { if (event.button) return; event.preventDefault(); board.setPointerCapture(event.pointerId); last = null; brush = !state.hide.has(under(event.clientX, event.clientY)); stroke(event); });
board.addEventListener("pointermove", event => { if (brush !== null) stroke(event); });
board.addEventListener("lostpointercapture", () => { brush = null; });
board.addEventListener("click", event => { if (event.detail) event.preventDefault(); });  // the stroke has set it; the space bar has not

const take = async picked => {
const mine = ++taking;
job++;
idle();
told.textContent = words.reading;
try {
const mark = picked.arrayBuffer && await marked(picked), image = picked.arrayBuffer ? await queued({ file: [picked, mark ? "none" : "from-image"] }) : picked;
const own = await upright(await greyed(image), mark);
if (mine !== taking || !await framed(own, 1, 0, 0)) return;
state = { ...state, own, zoom: 1, x: 0, y: 0, control: "", level: 0, hide: new Set() };
sync();
change();
} catch { if (mine === taking) told.textContent = words.unreadable; }
};
const file = make("input", { type: "file", accept: "image/*" });
file.addEventListener("change", () => { if (file.files[0]) take(file.files[0]); file.value = ""; });
const square = make("div", { className: "try-controls", hidden: true },
...[["zoom", 1, 5, 0.05], ["x", -1, 1, 0.02], ["y", -1, 1, 0.02]].map(([name, min, max, step]) => range(name, words[name], min, max, step, v => { state[name] = v; return framed(state.own, state.zoom, state.x, state.y); })));
const video = make("video", { ariaLabel: words.camera, muted: true, playsInline: true, hidden: true });
const off = () => { for (const track of video.srcObject?.getTracks() ?? []) track.stop(); video.srcObject = null; video.hidden = true; camera.textContent = words.camera; };
const camera = button("camera", words.camera, async () => {
if (video.srcObject) {
const frame = await createImageBitmap(video).catch(() => null);
off();
if (frame) take(frame);
return;
}
camera.disabled = true;
try { video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user" } }); video.hidden = false; camera.textContent = words.take; await video.play(); }
catch { off(); told.textContent = words.no_camera; }
camera.disabled = false;
camera.focus();
});
camera.hidden = !navigator.mediaDevices?.getUserMedia;

const progress = make("progress", { hidden: true, max: 1 });
progress.setAttribute("aria-label", words.progress);
const many = async (pictures, going) => {
const answers = [];
for (let at = 0; at < pictures.length && going(); at += 8) { answers.push(...await queued(pictures.slice(at, at + 8))); progress.value = at / pictures.length; }
return answers.map(answer => softmax(answer.logits));
};
const why = async work => {
const mine = ++job, going = () => mine === job;
clearTimeout(rest);
stop.hidden = progress.hidden = false;
progress.value = 0;
told.textContent = "";
try {
await settle();
if (going()) await work(chances.indexOf(Math.max(...chances)), shown, going);
} catch { return idle(); }  // told by `queued`
if (!going()) return;
idle();
place.dataset.done = +(place.dataset.done ?? 0) + 1;
};
const flat = values => Math.max(...values) - Math.min(...values) < 1e-6 && (told.textContent = words.flat);
const odds = p => Math.log(Math.max(p, 1e-12) / Math.max(1 - p, 1e-12));
const occlusion = button("occlusion", words.occlusion, () => why(async (target, before, going) => {
const answers = await many([before, ...cells.map((_, k) => hidden(before, new Set([k]), grid))], going);
if (!going()) return;
const falls = answers.slice(1).map(answer => odds(answers[0][target]) - odds(answer[target]));
if (flat(falls)) return;
paintMap(falls);
map.dataset.told = told.textContent = say("occluded", { name: classes[target] });
}));
const lime = button("lime", "LIME", () => why(async (target, before, going) => {
const next = drawn(2), masks = Array.from({ length: given.masks }, (_, s) => cells.map(() => s && next() < 0.5 ? 0 : 1));
const answers = await many(masks.map(mask => hidden(before, new Set(mask.flatMap((kept, k) => kept ? [] : [k])), grid)), going);
if (!going()) return;
if (flat(answers.map(answer => answer[target]))) return;
const near = masks.map(mask => Math.exp(-((1 - Math.sqrt(mask.reduce((a, b) => a + b) / mask.length)) ** 2) / 0.0625));
const { beta, fit } = regression(masks, answers.map(answer => answer[target]), near);
paintMap(beta);
map.dataset.told = told.textContent = say("limed", { name: classes[target], fit: fit.toFixed(2) });
}));
const stop = button("stop", words.stop, () => { job++; idle(); });
stop.hidden = true;

const link = button("link", words.link, async () => {
const kept = Object.entries(state).filter(([name, value]) => name !== "own" && name !== "hide" && value !== first[name]);
if (state.hide.size) kept.push(["hide", [...state.hide].join(".")]);
const address = new URL(location.href);
address.search = new URLSearchParams([["try", "1"], ...kept]);
address.hash = place.closest("section")?.id ?? "";
try { await navigator.clipboard.writeText(address); link.textContent = words.copied; setTimeout(() => { link.textContent = words.link; }, 2000); } catch { told.textContent = address; }
});
const save = button("save", words.save, async () => {
await settle();
const sheet = make("canvas", { width: 480, height: 480 + 26 * classes.length + 80 }), context = sheet.getContext("2d");
Object.assign(context, { fillStyle: "#fff", imageSmoothingEnabled: false, font: "16px sans-serif" });
context.fillRect(0, 0, sheet.width, sheet.height);
context.drawImage(canvas, 0, 0, 480, 480);
context.drawImage(map, 0, 0, 480, 480);
classes.forEach((name, k) => { const y = 504 + 26 * k; context.fillStyle = "#1c5fa8"; context.fillRect(150, y - 13, 240 * chances[k], 16); context.fillStyle = "#000"; context.fillText(name, 10, y); context.fillText(percent(chances[k]), 400, y); });
[alarm > 0 ? words.unlike : "", map.dataset.told ?? "", words.signed].forEach((line, k) => context.fillText(line, 10, sheet.height - 60 + 24 * k, 460));
sheet.toBlob(blob => { const anchor = make("a", { href: URL.createObjectURL(blob), download: "network.png" }); anchor.click(); setTimeout(() => URL.revokeObjectURL(anchor.href), 1000); });
});

const group = (title, ...parts) => make("fieldset", { className: "try-controls" }, make("legend", { textContent: title }), ...parts);
const mirror = make("input", { type: "checkbox" });
mirror.addEventListener("change", () => { state.mirror = mirror.checked; change(); });
const set = name => v => { state[name] = v; };
const begin = trial => {
const at = trial.changed;
taking++;
state = { ...first, hide: new Set(trial.hide), bright: trial.bright };
if (given.people) {
state.person = Math.floor(at / each / given.emotions.length);
state.face = Math.floor(at / each) % given.emotions.length;
[state.control, state.level] = variants[at % each - 1] ?? ["", 0];
} else state.face = at;
sync();
change();
};
const room = make("div", { className: "try-room" },
make("div", { className: "try-view" }, make("div", { className: "try-stack" }, canvas, map, board), video),
make("div", {}, make("ul", { className: "try-bars" }, ...bars.map(({ item }) => item)), said), warning,
group(words.trials, ...experiments.map((trial, k) => button(`experiment-${k + 1}`, trial.text, () => begin(trial)))),
group(words.choose, ...(given.people ? [choice("person", words.person, Array.from({ length: given.people }, (_, k) => String(k + 1)), set("person")), choice("face", words.emotion, given.emotions, set("face"))] : [choice("face", words.face, given.faces, set("face"))]),
...controls.map(control => range(control.name, control.label, Math.min(0, ...control.levels), Math.max(...control.levels), 1, v => { Object.assign(state, { control: control.name, level: v, own: null }); sync(); }))),
group(words.own, labelled("file", file, words.file), camera, square, make("p", { className: "note", textContent: words.private })),
group(words.change, range("bright", words.bright, -100, 100, 5, set("bright")), range("blur", words.blur, 0, 4, 0.25, set("blur")), range("turn", words.turn, -45, 45, 1, set("turn")), range("noise", words.noise, 0, 60, 2, set("noise")), labelled("mirror", mirror, words.mirror),
...given.parts.map(part => button(`hide-${part.name}`, part.label, () => { for (const k of part.cells) state.hide.add(k); sync(); change(); })), button("clear", words.clear, () => { const { person, face, own, zoom, x, y } = state; state = { ...first, person, face, own, zoom, x, y, hide: new Set() }; sync(); change(); })),
group(words.why, occlusion, lime, stop),
make("div", { className: "try-controls" }, link, save),
make("div", { className: "try-foot" }, progress, told));
room.addEventListener("keydown", ({ key }) => { if (key === "Escape") off(); });
addEventListener("dragover", event => event.preventDefault());
addEventListener("drop", event => { event.preventDefault(); if (event.dataTransfer.files[0]) take(event.dataTransfer.files[0]); });

const asked = new URLSearchParams(location.search);
if (asked.has("try")) {
for (const [name, value] of Object.entries(first)) if (asked.has(name) && name !== "own") state[name] = typeof value === "number" ? Number(asked.get(name)) || 0 : typeof value === "boolean" ? asked.get(name) === "true" : name === "hide" ? new Set(asked.get(name).split(".").filter(k => /^\d+$/.test(k)).map(Number).filter(k => k < grid * grid)) : asked.get(name);
const within = (value, high) => Math.max(0, Math.min(high, Math.round(value)));
for (const name of ["bright", "blur", "turn", "noise"]) { inputs[name].value = state[name]; state[name] = Number(inputs[name].value); }
state.person = within(state.person, given.people - 1);
state.face = within(state.face, (given.people ? given.emotions : given.faces).length - 1);
if (variant() < 0) Object.assign(state, { control: "", level: 0 });
Object.assign(state, { zoom: 1, x: 0, y: 0 });
}
room.tabIndex = -1;
place.replaceChildren(room);
if (asked.has("try")) place.scrollIntoView(); else room.focus({ preventScroll: true });
sync();
change();
window.ferpipeTry.pixels = () => [...shown];
window.ferpipeTry.alarm = async pixels => (await queued([pixels]))[0].alarm;
window.ferpipeTry.ask = async pixels => softmax((await queued([pixels]))[0].logits);
};
})();
