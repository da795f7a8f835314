(() => {
  "use strict";
  const root = document.documentElement;
  const one = (s, e = document) => e.querySelector(s);
  const all = (s, e = document) => [...e.querySelectorAll(s)];
  // A page opened from a file may be refused its storage.
  const keep = {
    get(k) { try { return localStorage.getItem("cotejo." + k); } catch { return null; } },
    set(k, v) { try { localStorage.setItem("cotejo." + k, v); } catch { /* kept for this page only */ } },
  };

  // Language: what was chosen, else the browser's.
  function speak(lang) {
    root.lang = lang;
    for (const e of all("[data-es]")) {
      const text = e.dataset[lang];
      if (e.tagName === "OPTION") e.textContent = text;
      else { e.setAttribute("aria-label", text); if (e.placeholder) e.placeholder = text; }
    }
    one("#language").setAttribute("aria-label", lang === "es" ? "English" : "Español");
  }
  const wanted = keep.get("language");
  speak(wanted === "es" || wanted === "en" ? wanted : /^es\b/i.test(navigator.language || "") ? "es" : "en");
  one("#language").addEventListener("click", () => {
    const lang = root.lang === "es" ? "en" : "es";
    keep.set("language", lang); speak(lang); filter();
  });

  // Light or dark: what was chosen, else the system's.
  function shade(theme) { root.dataset.theme = theme; }
  const dark = matchMedia("(prefers-color-scheme: dark)");
  shade(keep.get("theme") || (dark.matches ? "dark" : "light"));
  dark.addEventListener("change", () => { if (!keep.get("theme")) shade(dark.matches ? "dark" : "light"); });
  one("#theme").addEventListener("click", () => {
    const theme = root.dataset.theme === "dark" ? "light" : "dark";
    keep.set("theme", theme); shade(theme);
  });

  // Filter: sheets of this page and the register of all pages.
  const state = { status: "", finding: "", text: "", rows: 100 };
  const sheets = all(".sheet");
  const data = one("#data") ? JSON.parse(one("#data").textContent) : null;
  const names = ["accepted", "review", "rejected"];
  const words = { accepted: ["Aceptada", "Accepted"], review: ["Revisión", "Review"], rejected: ["Rechazada", "Rejected"] };
  const pick = (es, en) => (root.lang === "es" ? es : en);

  function filter() {
    const text = state.text.toLowerCase();
    let shown = 0;
    for (const s of sheets) {
      const d = s.dataset;
      const ok = (!state.status || d.status === state.status)
        && (!state.finding || d.findings.split(" ").includes(state.finding))
        && (!text || d.text.toLowerCase().includes(text));
      s.hidden = !ok;
      shown += ok;
    }
    one("#none").hidden = shown > 0 || sheets.length === 0 || state.status === "accepted";
    for (const c of all(".chip")) c.setAttribute("aria-pressed", String(c.dataset.status === state.status));
    for (const b of all(".bar")) b.setAttribute("aria-pressed", String(b.dataset.finding === state.finding));
    one("#finding").value = state.finding;
    const listed = data ? register(text) : shown;
    const n = listed.toLocaleString(root.lang);
    one("#shown").textContent = pick(listed === 1 ? "1 página" : n + " páginas", listed === 1 ? "1 page" : n + " pages");
  }

  function register(text) {
    const status = names.indexOf(state.status);
    const finding = state.finding ? data.findings.findIndex((f) => f[0] === state.finding) : -1;
    const rows = data.rows.filter((r) => (status < 0 || r[2] === status)
      && (!state.finding || r[4].includes(finding))
      && (!text || (r[0] + " " + (r[1] || "")).toLowerCase().includes(text)));
    const body = one("#register tbody");
    body.replaceChildren(...rows.slice(0, state.rows).map((r) => {
      const tr = document.createElement("tr");
      const cell = (content, name) => {
        const td = document.createElement("td");
        if (name) td.className = name;
        td.append(content);
        tr.append(td);
      };
      if (r[5] === null) cell(r[0]);
      else {
        const a = document.createElement("a");
        a.href = r[5];
        a.textContent = r[0];
        cell(a);
      }
      cell(r[1] || "—");
      const badge = document.createElement("span");
      badge.className = "badge " + names[r[2]];
      badge.textContent = pick(...words[names[r[2]]]);
      cell(badge);
      cell(r[2] === 2 ? "—" : pick(r[3].replace(".", ",").replace("%", " %"), r[3]), "n");
      cell(r[4].map((i) => pick(data.findings[i][1], data.findings[i][2])).join(" · "));
      return tr;
    }));
    one("#more").hidden = rows.length <= state.rows;
    return rows.length;
  }

  const change = (part) => { Object.assign(state, { rows: 100 }, part); filter(); };
  for (const c of all(".chip")) c.addEventListener("click", () => change({ status: c.dataset.status }));
  for (const b of all(".bar")) b.addEventListener("click", () => {
    change({ finding: state.finding === b.dataset.finding ? "" : b.dataset.finding });
    one(".filters").scrollIntoView({ block: "start" });
  });
  one("#finding").addEventListener("change", (e) => change({ finding: e.target.value }));
  one("#search").addEventListener("input", (e) => change({ text: e.target.value }));
  if (one("#more")) one("#more").addEventListener("click", () => { state.rows += 400; filter(); });

  // The strip follows the cell that is looked at.
  function show(sheet, field, behavior) {
    const strip = one(".window", sheet);
    if (!strip) return;
    for (const m of all(".mark", sheet)) m.classList.toggle("on", m.dataset.field === field);
    const mark = all(".mark", sheet).find((m) => m.dataset.field === field);
    if (!mark) return;
    const svg = one("svg", strip);
    const scale = svg.clientWidth / svg.viewBox.baseVal.width;
    const middle = (+mark.getAttribute("y") + mark.getAttribute("height") / 2) * scale + 16;
    strip.scrollTo({ top: middle - strip.clientHeight / 2, behavior });
  }
  for (const cell of all(".cell")) {
    const look = () => show(cell.closest(".sheet"), cell.dataset.field, "auto");
    cell.addEventListener("focusin", look);
    cell.addEventListener("pointerenter", look);
  }
  for (const mark of all(".mark")) mark.addEventListener("click", () => {
    const cell = all(".cell", mark.closest(".sheet")).find((c) => c.dataset.field === mark.dataset.field);
    if (cell) cell.focus();
  });
  // Sheets are laid out when they come near; then the strip shows the first doubtful cell.
  const near = new IntersectionObserver((entries) => {
    for (const e of entries) if (e.isIntersecting) {
      near.unobserve(e.target);
      const first = one(".cell", e.target);
      if (first) show(e.target, first.dataset.field, "instant");
    }
  }, { rootMargin: "200px" });
  for (const s of sheets) near.observe(s);

  // Keys: j and k from sheet to sheet, arrows from cell to cell within one, / to search.
  function step(list, current, by) {
    const at = list.indexOf(current);
    return list[at < 0 ? (by > 0 ? 0 : -1) : at + by];
  }
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const field = /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName);
    if (field) { if (e.key === "Escape") e.target.blur(); return; }
    const here = document.activeElement ? document.activeElement.closest(".sheet") : null;
    if (e.key === "/") { one("#search").focus(); e.preventDefault(); return; }
    if (e.key === "j" || e.key === "k") {
      const by = e.key === "j" ? 1 : -1;
      const next = step(sheets.filter((s) => !s.hidden), here, by);
      if (next) { next.focus({ preventScroll: true }); next.scrollIntoView({ block: "start" }); }
      else { const link = one(by > 0 ? "a[rel=next]" : "a[rel=prev]"); if (link) link.focus(); }
      e.preventDefault();
    } else if (here && (e.key === "ArrowDown" || e.key === "ArrowUp") && !e.target.closest(".window")) {
      const cells = all(".cell", here);
      const next = step(cells, document.activeElement.closest(".cell"), e.key === "ArrowDown" ? 1 : -1);
      if (next) { next.focus({ preventScroll: true }); next.scrollIntoView({ block: "nearest" }); e.preventDefault(); }
    }
  });

  filter();
})();
