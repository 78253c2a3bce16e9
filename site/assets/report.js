"use strict";
(() => {
const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");
const memory = { get: () => { try { return localStorage.getItem("theme"); } catch { return null; } },
set: value => { try { value ? localStorage.setItem("theme", value) : localStorage.removeItem("theme"); } catch { /* private mode */ } } };

const remembered = memory.get();
if (remembered === "dark" || remembered === "light") root.dataset.theme = remembered;
const heights = () => `heights ${location.pathname} ${innerWidth}`;
try {
const sheet = new CSSStyleSheet();
sheet.replaceSync(sessionStorage.getItem(heights()) ?? "");
document.adoptedStyleSheets = [sheet];
} catch { /* private mode, or an old browser */ }
addEventListener("pagehide", () => {
const rules = [...document.querySelectorAll("main > section")].map(s => {
const style = getComputedStyle(s), inner = s.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
return `main > section#${CSS.escape(s.id)}{contain-intrinsic-block-size:auto ${inner}px}`;
});
try { sessionStorage.setItem(heights(), rules.join("")); } catch { /* private mode */ }
});
const isDark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";

const theme = button => {
const tell = () => { button.textContent = isDark() ? button.dataset.light : button.dataset.dark; };
button.hidden = false;
button.addEventListener("click", () => {
const wanted = isDark() ? "light" : "dark";
const same = (wanted === "dark") === system.matches;  // as the system has it: follow the system again
if (same) delete root.dataset.theme; else root.dataset.theme = wanted;
memory.set(same ? "" : wanted);
tell();
});
system.addEventListener("change", tell);
tell();
};

const follow = () => {
const sections = [...document.querySelectorAll("main > section")];
const links = new Map([...document.querySelectorAll(".contents ol a")].map(a => [a.hash.slice(1), a]));
const others = [...document.querySelectorAll("a.language, .tabs a")].map(a => [a, a.getAttribute("href"), (a.dataset.lacks ?? "").split(" ")]);
let current = null, waiting = false;
const look = () => {
waiting = false;
const line = Math.min(innerHeight * 0.3, 140);  // a short section that was jumped to is the one that is read
const end = scrollY + innerHeight >= root.scrollHeight - 2;
const seen = end ? sections.at(-1) : sections.findLast(s => s.getBoundingClientRect().top <= line);
if (seen === current) return;
if (current) links.get(current.id)?.removeAttribute("aria-current");
current = seen;
if (current) links.get(current.id)?.setAttribute("aria-current", "true");
const until = sections.slice(0, sections.indexOf(current) + 1);
for (const [link, base, lacks] of others) {
const there = until.findLast(s => !lacks.includes(s.id));  // or the nearest before it
link.setAttribute("href", there ? `${base}#${there.id}` : base);
}
};
const soon = () => { if (!waiting) { waiting = true; requestAnimationFrame(look); } };
addEventListener("scroll", soon, { passive: true });
addEventListener("resize", soon, { passive: true });
look();
};

const fade = label => {
const slider = label.querySelector("input");
label.hidden = false;
const [face, map] = label.textContent.trim().split(/\s{2,}/);
const set = () => {
label.closest("figure, dialog").style.setProperty("--fade", slider.value / 100);
slider.setAttribute("aria-valuetext", `${face} ${100 - slider.value}%, ${map} ${slider.value}%`);
};
slider.addEventListener("input", set);
set();
};

const copy = button => {
const text = button.closest("footer").querySelector(".bibtex");
button.hidden = false;
button.addEventListener("click", async () => {
try { await navigator.clipboard.writeText(text.textContent); button.textContent = button.dataset.copied; }
catch { getSelection().selectAllChildren(text); }  // from file:// or an unsure host: ready to be copied by hand
});
};

const quote = link => {
const meta = name => [...document.querySelectorAll(`meta[name="${name}"]`)].map(m => m.content).join(", ");
link.addEventListener("click", async () => {
const part = link.closest("figure, .table");
const label = part.querySelector(".numbered").textContent;
const page = document.querySelector("link[rel=canonical]")?.href ?? location.href.split("#")[0];
const from = [meta("citation_author"), meta("citation_publication_date")].filter(Boolean).join(", ");
const said = link.textContent;
try {
await navigator.clipboard.writeText(`${label}, “${meta("citation_title")}”${from && ` (${from})`}, ${page}#${part.id}`);
link.textContent = document.querySelector("button.copy")?.dataset.copied ?? said;
setTimeout(() => { link.textContent = said; }, 2000);
} catch { /* no clipboard: the link leads to the figure all the same */ }
});
};

const choose = group => {
const rows = [...group.parentElement.querySelectorAll("tbody tr")];
group.hidden = false;
group.addEventListener("click", event => {
const button = event.target.closest("button");
if (!button) return;
for (const other of group.children) other.setAttribute("aria-pressed", String(other === button));
const verdict = button.dataset.verdict;
for (const row of rows) row.hidden = Boolean(verdict) && !row.querySelector(".verdict")?.classList.contains(verdict);
});
};

const source = new URL("try.js", document.currentScript.src).href;
const trial = place => {
const button = document.createElement("button");
Object.assign(button, { type: "button", id: "try-open", className: "try-open", textContent: place.dataset.open });
const open = async () => {
button.disabled = true;
button.textContent = place.dataset.opening;
const files = [source, ...place.dataset.files.split(" ")];
try {
await Promise.all(files.map(src => new Promise((done, fail) => { document.head.append(Object.assign(document.createElement("script"), { src, onload: done, onerror: fail })); })));
await window.ferpipeTry(place, JSON.parse(place.dataset.given));
} catch { button.disabled = false; button.textContent = place.dataset.failed; }  // to be pressed again
};
button.addEventListener("click", open);
place.append(button);
if (new URLSearchParams(location.search).has("try")) open();
};

const enlarge = (dialog, link) => {
const figure = link.closest("figure");
const open = event => {
event.preventDefault();
const copy = figure.querySelector(".body").cloneNode(true);
for (const part of [copy, ...copy.querySelectorAll("[id]")]) part.removeAttribute("id");
for (const picture of copy.querySelectorAll("img")) picture.loading = "eager";
const caption = document.createElement("p");
caption.className = "large-caption";
caption.textContent = figure.querySelector("figcaption .numbered").textContent;
const parts = [caption, copy];
const label = figure.querySelector(".fade")?.cloneNode(true);
if (label) { label.querySelector("input").value = figure.querySelector(".fade input").value; parts.push(label); }
dialog.querySelector(".large-body").replaceChildren(...parts);
dialog.setAttribute("aria-label", caption.textContent);
if (label) fade(label); else dialog.style.removeProperty("--fade");
dialog.showModal();
dialog.scrollTop = 0;
};
link.addEventListener("click", open);
figure.querySelector(".body").addEventListener("click", event => { if (event.target.closest("img")) open(event); });
figure.classList.add("opens");
};

const start = () => {
const dialog = document.querySelector("dialog.large");
if (!dialog) return;
document.querySelectorAll("button.theme").forEach(theme);
document.querySelectorAll("figure .fade").forEach(fade);
document.querySelectorAll("button.copy").forEach(copy);
document.querySelectorAll(".choice").forEach(choose);
document.querySelectorAll("a.quote").forEach(quote);
document.querySelectorAll(".try").forEach(trial);
document.querySelectorAll("a.enlarge").forEach(link => enlarge(dialog, link));
dialog.querySelector(".close").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", event => { if (event.target === dialog) dialog.close(); });
const paper = matchMedia("print"), whole = () => { for (const p of document.images) p.loading = "eager"; };
addEventListener("beforeprint", whole);
paper.addEventListener("change", whole);
if (paper.matches) whole();
document.querySelector(".contents")?.addEventListener("toggle", event => event.target.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" }));
document.querySelector(".contents")?.addEventListener("click", event => { if (event.target.closest("a") && event.currentTarget.matches(":popover-open")) event.currentTarget.hidePopover(); });
follow();
};
document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", start) : start();
})();
