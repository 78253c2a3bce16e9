"use strict";
(async () => {
  const shown = document.currentScript.dataset.version;
  for (;;) {
    try {
      const answer = await fetch(`/serve/version?shown=${shown}`);
      if (answer.ok && await answer.text() !== shown) return location.reload();
    } catch { await new Promise(done => setTimeout(done, 500)); }  // the server is starting again
  }
})();
