"""The network in the page against the same whole numbers in torch, in a real browser, from a file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from test_browser import browser  # noqa: F401 (a fixture)

from ferpipe.analyses import network as analysis
from ferpipe.analyses import unlike
from ferpipe.data import pictures
from ferpipe.figures.try_it import packed
from ferpipe.networks import views
from ferpipe.networks.folding import Folded
from ferpipe.networks.resnet import ResNet18, normalise
from ferpipe.results import stored

COMMITTED = Path(__file__).parents[2] / "report/results/rendered/network"
pytestmark = pytest.mark.slow


def told(folder: Path = COMMITTED) -> tuple[Any, Folded]:
    """The committed result, and the network that its whole numbers are."""
    result = stored.read(folder)
    network = Folded(ResNet18(result.stem, result.width, 7, result.enlarge).eval())
    at = row = 0
    for layer in analysis.layers(network):
        size, outputs = layer.weight.numel(), len(layer.weight)
        shape = (outputs, *layer.weight.shape[2:], *layer.weight.shape[1:2])
        values = torch.tensor(result.arrays.weights[at : at + size].reshape(shape)).float()
        values = values.permute(0, 3, 1, 2) if values.ndim == 4 else values
        scale = torch.tensor(result.arrays.scales[row : row + outputs])
        layer.weight.data = (values * scale.view(-1, *[1] * (values.ndim - 1))).contiguous()
        layer.bias.data = torch.tensor(result.arrays.biases[row : row + outputs])
        at, row = at + size, row + outputs
    return result, network


@pytest.fixture(scope="module")
def opened(browser: Any, site: Path) -> Iterator[Any]:  # noqa: F811
    page = browser.new_page(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page.asked, page.faults = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("console", lambda message: page.faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.goto(f"{site.as_uri()}/en/index.html")
    assert not [url for url in page.asked if "try" in url]  # nothing of it before it is opened
    page.click("#try-open")
    page.wait_for_selector(".try[data-state=rest]")
    yield page
    page.close()


def settled(page: Any, deed: Any) -> dict[str, float]:
    """The probabilities by class once the page has answered over all views."""
    page.evaluate("document.querySelector('.try').dataset.state = ''")
    deed()
    page.wait_for_selector(".try[data-state=rest]")
    return {
        item.get_attribute("id"): float(item.get_attribute("data-value"))
        for item in page.query_selector_all(".try-bars li")
    }


def test_ten_bits_are_packed_as_the_script_reads_them() -> None:
    values = np.array([-512, 511, 0, 1, -1], np.int16)
    content = int.from_bytes(packed(values), "little")
    assert [(content >> 10 * k & 1023) - 512 for k in range(5)] == values.tolist()


def test_the_page_answers_as_torch_does(opened: Any) -> None:
    result, network = told()
    faces = result.private.faces[::19]
    with torch.inference_mode():
        wanted = network(normalise(torch.from_numpy(faces))).softmax(1).numpy()
    answers = [
        opened.evaluate("pixels => ferpipeTry.ask(Uint8Array.from(pixels))", face.ravel().tolist()) for face in faces
    ]
    assert np.abs(np.array(answers) - wanted).max() < 0.001
    read = unlike.Reading(result.arrays.alarm, result.alarm_scale, result.alarm_bias, result.alarm)
    strange = unlike.noise(6, np.random.default_rng(1))
    for face in [*faces[:6], *strange]:
        warned = opened.evaluate("pixels => ferpipeTry.alarm(Uint8Array.from(pixels))", face.ravel().tolist())
        assert warned == pytest.approx(float(read.of(unlike.third(network, face[None]))[0]), abs=1e-3)


def test_the_experiments_come_out_as_told(opened: Any) -> None:
    result, _ = told()
    for number, trial in enumerate(result.experiments, 1):
        found = settled(opened, lambda number=number: opened.click(f"#try-experiment-{number}"))
        assert list(found.values())[trial.label] == pytest.approx(trial.after, abs=0.001)


@pytest.mark.parametrize(
    "form", ["png", "turned jpeg", "clear png", "grey webp", "tiny png", "large jpeg", "turned webp"]
)
def test_a_readers_picture_is_cropped_greyed_and_shrunk_as_predict_does(opened: Any, tmp_path: Path, form: str) -> None:
    from skimage import data

    picture = Image.fromarray(data.astronaut()).crop((140, 20, 330, 260))
    file, more = tmp_path / f"face.{form.split()[-1]}", {}
    if form == "turned jpeg":
        exif = Image.Exif()
        exif[0x0112] = 6
        more = {"exif": exif, "quality": 90}
    elif form == "turned webp":  # whose mark browsers pass over
        exif = Image.Exif()
        exif[0x0112] = 8
        more = {"exif": exif, "lossless": True}
    elif form == "clear png":
        picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    elif form == "grey webp":
        picture = picture.convert("L")
        more = {"lossless": True}
    elif form == "tiny png":
        picture = picture.resize((16, 21))
    elif form == "large jpeg":
        picture = picture.resize((4000, 3000))
    buffer = io.BytesIO()
    picture.save(buffer, form.split()[-1].upper(), **more)
    file.write_bytes(buffer.getvalue())
    found = settled(opened, lambda: opened.set_input_files("#try-file", str(file)))
    seen, _ = pictures.decode(file.read_bytes(), file.name)
    assert np.abs(np.array(opened.evaluate("ferpipeTry.pixels()")).reshape(48, 48) - seen.astype(int)).max() <= 2
    wanted = views.averaged(told()[1], torch.tensor(seen[None])).softmax(1)[0].numpy()
    assert np.abs(np.array(list(found.values())) - wanted).max() < 0.02


def test_every_control_answers_the_keyboard_and_a_link_restores_the_settings(opened: Any, site: Path) -> None:
    settled(opened, lambda: opened.click("#try-experiment-1"))
    before = settled(opened, lambda: opened.click("#try-clear"))
    opened.focus(".try-cells input[tabindex='0']")
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowDown"):
        opened.keyboard.press(key)
    after = settled(opened, lambda: opened.keyboard.press("Space"))
    assert before != after
    opened.focus("#try-turn")
    assert after != settled(opened, lambda: opened.keyboard.press("ArrowRight"))
    turned = settled(opened, lambda: (opened.focus("#try-brows"), opened.keyboard.press("End")))
    opened.evaluate("navigator.clipboard.writeText = async text => { window.copied = String(text); }")
    opened.click("#try-link")
    opened.wait_for_function("() => window.copied")
    other = opened.context.browser.new_page()
    other.goto(opened.evaluate("window.copied"))
    other.wait_for_selector(".try[data-state=rest]")
    restored = [float(item.get_attribute("data-value")) for item in other.query_selector_all(".try-bars li")]
    other.close()
    assert restored == pytest.approx(list(turned.values()), abs=1e-6)


def test_why_is_answered_and_nothing_is_asked_of_other_hosts(opened: Any) -> None:
    for name in ("occlusion", "lime"):
        done = opened.evaluate("document.querySelector('.try').dataset.done ?? ''")
        opened.click(f"#try-{name}")
        opened.wait_for_function("done => (document.querySelector('.try').dataset.done ?? '') !== done", arg=done)
        painted = opened.evaluate(
            "document.querySelector('.try-map').getContext('2d').getImageData(0, 0, 8, 8).data.some(value => value)"
        )
        assert painted and opened.inner_text(".try-told")
    assert not opened.faults
    assert all(url.startswith(("file://", "blob:")) for url in opened.asked)


def test_a_change_ends_what_is_being_explained_and_the_answer_is_over_all_views(opened: Any) -> None:
    result, _ = told()
    opened.click("#try-lime")
    opened.wait_for_timeout(150)
    opened.click("#try-occlusion")
    found = settled(opened, lambda: opened.click("#try-experiment-3"))
    opened.wait_for_timeout(600)
    assert opened.get_attribute(".try", "data-state") == "rest" and not opened.inner_text(".try-told")
    assert list(found.values())[result.experiments[2].label] == pytest.approx(result.experiments[2].after, abs=0.001)
    assert opened.is_hidden("#try-stop") and opened.is_hidden(".try progress")


def test_a_link_of_nonsense_is_brought_within_bounds(browser: Any, site: Path) -> None:  # noqa: F811
    page = browser.new_page()
    nonsense = "face=1.5&person=99&blur=1e9&turn=1e999&noise=-4&bright=x&hide=.-1.9999.3&control=evil&level=7"
    page.goto(f"{site.as_uri()}/en/index.html?try=1&{nonsense}#try")
    page.wait_for_selector(".try[data-state=rest]")
    values = [float(item.get_attribute("data-value")) for item in page.query_selector_all(".try-bars li")]
    assert sum(values) == pytest.approx(1) and page.input_value("#try-blur") == "4"
    assert page.evaluate("document.querySelectorAll('.try-cells :checked').length") == 1
    page.close()


def test_without_a_worker_the_page_itself_answers(browser: Any, site: Path) -> None:  # noqa: F811
    page = browser.new_page()
    page.add_init_script("window.Worker = class { constructor() { throw new Error('refused'); } }")
    page.goto(f"{site.as_uri()}/zh/index.html")
    page.click("#try-open")
    page.wait_for_selector(".try[data-state=rest]", timeout=60_000)
    result, _ = told()
    values = settled(page, lambda: page.click("#try-experiment-1"))
    assert list(values.values())[result.experiments[0].label] == pytest.approx(result.experiments[0].after, abs=0.001)
    page.close()


@pytest.mark.parametrize("replies", [1, 2, 3, 5])
def test_where_the_worker_falls_silent_the_page_goes_on(browser: Any, site: Path, replies: int) -> None:  # noqa: F811
    page = browser.new_page()
    page.add_init_script(f"""
        let replies = {replies};
        const wait = setTimeout;
        window.setTimeout = (task, time, ...more) => wait(task, time === 10000 ? 1500 : time, ...more);
        window.Worker = class extends Worker {{
            set onmessage(heard) {{ super.onmessage = event => {{ if (replies-- > 0) heard(event); }}; }}
        }};""")
    page.goto(f"{site.as_uri()}/en/index.html")
    page.click("#try-open")
    page.wait_for_selector(".try[data-state=rest]", timeout=60_000)
    result, _ = told()
    page.click("#try-experiment-1")
    assert page.get_attribute(".try", "data-state") == "moving"  # what is shown is not yet of this face
    page.wait_for_selector(".try[data-state=rest]", timeout=60_000)
    bar = page.query_selector_all(".try-bars li")[result.experiments[0].label]
    assert float(bar.get_attribute("data-value")) == pytest.approx(result.experiments[0].after, abs=0.001)
    assert not page.inner_text(".try-told")
    page.close()


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 360)])
def test_axe_finds_nothing_in_the_opened_network(browser: Any, site: Path, theme: str, width: int) -> None:  # noqa: F811
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme, bypass_csp=True)
    page.goto(f"{site.as_uri()}/en/index.html?try=1#try")
    page.wait_for_selector(".try[data-state=rest]")
    found = Axe().run(page, context="#try").response["violations"]
    assert not found, [(rule["id"], [node["html"] for node in rule["nodes"]][:3]) for rule in found]
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.close()


def test_a_network_that_cannot_be_read_says_so_and_can_be_asked_for_again(browser: Any, site: Path) -> None:  # noqa: F811
    page = browser.new_page()
    page.route("**/try-it-network.js", lambda route: route.abort())
    page.goto(f"{site.as_uri()}/en/index.html")
    before = page.inner_text("#try-open")
    page.click("#try-open")
    page.wait_for_selector("#try-open:enabled")
    assert page.inner_text("#try-open") != before
    page.unroute("**/try-it-network.js")
    page.click("#try-open")
    page.wait_for_selector(".try[data-state=rest]")
    page.close()


def test_what_is_no_picture_and_what_has_no_reasons_says_so(opened: Any, tmp_path: Path) -> None:
    words = opened.evaluate("JSON.parse(document.querySelector('.try').dataset.given).words")
    for name, content in (("empty.png", b""), ("cut.webp", b"RIFF0000WEBP"), ("text.jpg", b"no picture")):
        (tmp_path / name).write_bytes(content)
        opened.set_input_files("#try-file", str(tmp_path / name))
        opened.wait_for_function(
            "text => document.querySelector('.try-told').textContent === text", arg=words["unreadable"]
        )
        opened.evaluate("document.querySelector('.try-told').textContent = ''")
    Image.new("L", (60, 60), 128).save(tmp_path / "flat.png")
    settled(opened, lambda: opened.set_input_files("#try-file", str(tmp_path / "flat.png")))
    for button in ("occlusion", "lime"):
        opened.click(f"#try-{button}")
        opened.wait_for_function("text => document.querySelector('.try-told').textContent === text", arg=words["flat"])
    settled(opened, lambda: opened.click("#try-experiment-1"))


def test_as_it_was_undoes_an_experiment(opened: Any) -> None:
    settled(opened, lambda: opened.click("#try-experiment-3"))
    changed = opened.evaluate("ferpipeTry.pixels()")
    settled(opened, lambda: opened.click("#try-clear"))
    result, _ = told()
    before = result.private.faces[result.experiments[2].picture].ravel().tolist()
    assert opened.evaluate("ferpipeTry.pixels()") == before != changed


def test_a_damaged_network_is_told_instead_of_waited_for(browser: Any, site: Path) -> None:  # noqa: F811
    page = browser.new_page()
    page.route("**/try-it-network.js", lambda route: route.fulfill(body="window.ferpipeNetwork = {}"))
    page.goto(f"{site.as_uri()}/en/index.html")
    page.click("#try-open")
    page.wait_for_selector("#try-open:enabled")
    assert page.inner_text("#try-open") == page.get_attribute(".try", "data-failed")
    page.close()


def test_a_picture_may_have_as_many_pixels_as_predict_reads() -> None:
    script = (Path(__file__).parents[2] / "templates/try.js").read_text()
    assert f"<= {pictures.PIXEL_LIMIT:.0e}".replace("e+0", "e") in script
