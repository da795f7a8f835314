(() => {
  "use strict";
  const root = document.documentElement;
  const one = (s, e = document) => e.querySelector(s);
  const all = (s, e = document) => [...e.querySelectorAll(s)];
  const words = JSON.parse(one("#words").textContent);
  const say = (id) => words[id][root.lang === "es" ? "es" : "en"];
  const both = (b) => (root.lang === "es" ? b.es : b.en);
  const make = (tag, props = {}, ...content) => {
    const e = Object.assign(document.createElement(tag), props);
    e.append(...content.filter((c) => c !== null && c !== undefined));
    return e;
  };
  const mark = (tag, attributes) => {
    const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
    return e;
  };
  const keep = {
    get(k) { try { return localStorage.getItem("cotejo." + k); } catch { return null; } },
    set(k, v) { try { localStorage.setItem("cotejo." + k, v); } catch { /* kept for this page only */ } },
  };

  // What stands, what is read of it, what is chosen.
  let state = null, reading = null, proposed = [], checked = null, tool = "select", chosen = null, fresh = new Set();
  let zoom = 0, reads = 0, notice = null, queue = Promise.resolve();
  const tools = [["select", "s"], ["votes", "v"], ["numbers", "n"], ["words", "w"], ["line", "l"], ["print", "p"], ["private", "x"]];

  // ---- Talking with the program: one change after the other.
  async function ask(path, body) {
    const told = body === undefined ? {} : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    let answer;
    try { answer = await fetch(path, told); } catch { throw words.draw_gone; }
    if (answer.status === 422 || answer.status === 500) throw await answer.json();
    if (!answer.ok) throw words.draw_gone;
    return answer.json();
  }
  function change(path, deed) {
    queue = queue.then(async () => {
      try {
        const sent = { revision: state.revision };
        if (deed) sent.deed = deed;
        const before = new Set(state.prints.map((p) => p.path + p.id));
        const next = await ask(path, sent);
        notice = null;
        fresh = new Set(deed && deed.do === "box" ? next.prints.filter((p) => !before.has(p.path + p.id) && p.kind !== "label").map((p) => p.path) : []);
        take(next);
        if (fresh.size) choose([...fresh][0], true);
      } catch (why) {
        notice = why;
        if (why.en && why.en.startsWith("Another page")) take(await ask("api/state"));
        show();
      }
    });
    return queue;
  }
  const deed = (d) => change("api/do", d);
  function take(next) {
    const changed = !state || state.revision !== next.revision;
    state = next;
    if (chosen && chosen !== "private" && !place(chosen)) chosen = null;
    show();
    if (changed) readAgain();
  }
  async function readAgain() {
    const mine = ++reads;
    one("#state").textContent = say("draw_reading");
    try {
      const told = await ask("api/reading");
      if (mine !== reads) return;
      reading = told.reading; show();
      const more = await ask("api/related");
      if (mine !== reads) return;
      proposed = more.proposed; show();
    } catch (why) { notice = why; show(); }
  }

  // ---- Places.
  const order = () => state.prints.filter((p) => p.kind !== "label").sort((a, b) => Math.round(a.rect[1] - b.rect[1]) || a.rect[0] - b.rect[0]);
  const place = (path) => state.prints.find((p) => p.path === path) || (path.startsWith("rules/") ? { path, kind: "rule", id: "" } : null);
  const entry = (path) => {
    const [list, at] = path.split("/");
    const where = list === "lines" ? state.drawing.header.lines : state.drawing[list];
    return where && where[Number(at)];
  };
  function choose(path, naming) {
    chosen = path;
    show();
    const p = path && place(path);
    if (p && p.rect) {
      const k = zoom, s = one("#scroll");
      const [x, y] = [(p.rect[0] - state.paper[0]) * k, (p.rect[1] - state.paper[1]) * k];
      if (y < s.scrollTop || y > s.scrollTop + s.clientHeight - 40) s.scrollTop = y - s.clientHeight / 2;
      if (x < s.scrollLeft || x > s.scrollLeft + s.clientWidth - 40) s.scrollLeft = x - s.clientWidth / 2;
    }
    if (naming) { const name = one("#chosen input[type=text]"); if (name) { name.focus(); name.select(); } }
  }
  function step(by, naming) {
    const paths = (fresh.size && naming ? order().filter((p) => fresh.has(p.path)) : order()).map((p) => p.path);
    if (!paths.length) return;
    const at = paths.indexOf(chosen);
    choose(paths[(at + by + paths.length) % paths.length], naming);
  }

  // ---- The page.
  function show() {
    if (!state) return;
    for (const e of all("[data-w]")) e.textContent = say(e.dataset.w);
    for (const e of all("[data-aria]")) e.setAttribute("aria-label", say(e.dataset.aria));
    one("#help").textContent = say("draw_" + tool + "_help");
    one("#undo").disabled = !state.undo;
    one("#redo").disabled = !state.redo;
    document.body.classList.toggle("drawing", tool !== "select");
    for (const b of all("#tools button")) b.setAttribute("aria-pressed", String(b.dataset.tool === tool));
    one("#notice").hidden = !notice;
    if (notice) one("#notice").textContent = both(notice);
    const known = reading ? Object.values(reading.numbers) : [];
    const sure = known.filter((n) => !n.open && n.confidence >= 0.99).length;
    one("#state").textContent = (reading ? sure + " " + say("draw_read") + (known.length > sure ? ", " + (known.length - sure) + " " + say("draw_open") : "") + " · " : "")
      + say(state.saved ? "draw_saved" : "draw_unsaved");
    sheet(); side();
  }
  function look(p) {
    if (p.kind === "label") return "label";
    if (p.kind === "line") return "line";
    const n = reading && reading.numbers[p.id];
    if (!n || n.open || n.confidence < 0.99) return "open";
    return n.inferred ? "inferred" : "sure";
  }
  function told(p) {
    if (!reading) return "";
    if (p.kind === "line") return reading.lines[p.id] || "";
    const n = reading.numbers[p.id];
    if (!n || p.kind === "words") return "";
    const value = p.kind === "percent" ? n.percent : n.value;
    if (value === null || value === undefined) return "?";
    return String(value) + (n.confidence < 0.9995 && p.kind === "digits" ? " · " + Math.floor(n.confidence * 1000) / 10 + "%" : "");
  }
  function sheet() {
    const [x, y, w, h] = state.paper;
    if (!zoom) zoom = Math.max(3, Math.min(8, (one("#scroll").clientWidth - 34) / w));
    const paper = one("#paper"), svg = one("#marks");
    paper.style.width = w * zoom + "px";
    paper.style.height = h * zoom + "px";
    svg.setAttribute("viewBox", [x, y, w, h].join(" "));
    const out = [];
    for (const [i, r] of (state.drawing.rules || []).entries()) {
      for (const [j, l] of r.lines.entries()) {
        const path = "rules/" + i + "/" + j;
        out.push(mark("line", { x1: l[0], y1: l[1], x2: l[2], y2: l[3], class: "rule" + (path === chosen ? " chosen" : ""), "data-path": path }));
      }
    }
    const top = state.drawing.private && state.drawing.private.top;
    if (top !== undefined && top < y + h - 1) out.push(mark("rect", { x, y: top, width: w, height: y + h - top, class: "private", "data-path": "private" }));
    const sorted = [...state.prints].sort((a, b) => (a.kind === "label" ? 0 : 1) - (b.kind === "label" ? 0 : 1));
    for (const p of sorted) {
      const kind = look(p);
      out.push(mark("rect", {
        x: p.rect[0], y: p.rect[1], width: p.rect[2], height: p.rect[3], rx: 0.3, "data-path": p.path,
        class: kind + (p.path === chosen ? " chosen" : "") + (fresh.has(p.path) ? " new" : ""),
      }));
      const text = told(p);
      if (text) {
        // Behind a share stands its sign.
        const sign = p.kind === "percent" ? p.rect[3] : 0;
        const t = mark("text", { x: p.rect[0] + p.rect[2] + 0.3 + sign, y: p.rect[1] + p.rect[3] * 0.75, "font-size": Math.min(2.6, p.rect[3] * 0.72), class: kind });
        t.textContent = text;
        out.push(t);
      }
    }
    svg.replaceChildren(...out);
  }

  // ---- The panel.
  function field(label, value, done, options) {
    let input;
    if (options) {
      input = make("select", {}, ...options.map(([v, text]) => make("option", { value: v, textContent: text, selected: v === value })));
    } else {
      input = make("input", { type: "text", value: value === undefined ? "" : String(value), autocomplete: "off", spellcheck: false });
    }
    input.dataset.path = (chosen || "") + label;
    let last = input.value;
    const commit = () => { if (input.value !== last) { last = input.value; done(input.value); } };
    input.addEventListener("change", commit);
    input.addEventListener("keydown", (e) => {
      if (e.key === "Enter" && input.tagName === "INPUT") { e.preventDefault(); commit(); queue.then(() => step(1, true)); }
      if (e.key === "Escape") { e.preventDefault(); input.value = last; discard(); }
    });
    return make("label", {}, say(label), input);
  }
  const set = (path, key) => (value) => deed({ do: "set", path, key, value });
  function side() {
    const active = document.activeElement;
    const typing = active && one("#panel").contains(active) && active.tagName === "INPUT";
    const where = typing ? active.closest("section")?.querySelectorAll("input") : null;
    const at = where ? [...where].indexOf(active) : -1;
    const section = typing ? all("#panel section").indexOf(active.closest("section")) : -1;
    const pending = typing ? active.value : null, range = typing ? [active.selectionStart, active.selectionEnd] : null;
    const problems = state.problems.map((b) => make("li", {}, make("span", { textContent: both(b) })));
    if (!state.drawing.private) problems.push(make("li", { className: "act" }, make("button", { type: "button", textContent: say("draw_nothing_private"), onclick: () => deed({ do: "nothing_private" }) })));
    one("#problems").replaceChildren(...(problems.length ? problems : [make("li", { className: "ready" }, make("span", { textContent: say("draw_ready") }))]));
    one("#chosen").replaceChildren(...inspector());
    relations(); contests(); form(); samples();
    // What is being typed stays.
    if (section >= 0) {
      const again = all("#panel section")[section]?.querySelectorAll("input")[at];
      if (again && again !== document.activeElement) { again.focus(); if (again.value !== pending && active.dataset.path === again.dataset.path) again.value = pending; try { again.setSelectionRange(...range); } catch { /* no text */ } }
    }
  }
  function inspector() {
    const p = chosen && chosen !== "private" ? place(chosen) : null;
    if (!p) return [make("p", { className: "quiet", textContent: say("draw_nothing_chosen") })];
    const path = p.path, [list] = path.split("/"), own = entry(path), out = [];
    const remove = (whole) => make("button", { type: "button", textContent: say(whole ? "draw_delete_column" : "draw_delete"), onclick: () => deed({ do: whole ? "delete_column" : "delete", path }) });
    if (!own) return [];
    out.push(make("h2", { textContent: p.id || say("draw_print") }));
    if (reading && told(p)) out.push(make("p", { className: "said " + look(p), textContent: told(p) }));
    const contestNames = (state.drawing.contests || []).map((c) => [c.id, c.name]);
    if (list === "rows") {
      const candidate = (state.drawing.candidates || []).find((c) => c.id === own.candidate) || {};
      const value = /values\/(\d+)/.exec(path);
      const columns = state.drawing.columns[own.columns] || {};
      if (value) {
        const v = columns.values[Number(value[1])];
        out.push(field("draw_name", v.label, set(path, "label")), field("draw_id", v.id, set(path, "id")));
      } else {
        out.push(field("draw_name", candidate.name, set(path, "name")));
        out.push(make("div", { className: "two" }, field("draw_id", own.candidate, set(path, "id")), field("draw_party", own.sigla, set(path, "party"))));
        if (contestNames.length) out.push(field("draw_contest", candidate.contest, set(path, "contest"), contestNames));
      }
    } else if (list === "totals") {
      out.push(field("draw_name", own.label, set(path, "label")), field("draw_id", own.id, set(path, "id")));
      const roles = [["context", say("draw_role_context")], ["ballots", say("draw_role_ballots")], ...contestNames.map(([id, name]) => [id, say("draw_role_result") + " " + name])];
      out.push(field("draw_role", own.role && own.role !== "result" ? own.role : own.contest, set(path, "role"), roles));
    } else if (list === "labels") {
      out.push(field("draw_text", own.text, set(path, "text")));
    } else if (list === "lines") {
      out.push(field("draw_id", own.id, set(path, "id")), field("draw_pattern", own.pattern, set(path, "pattern")), field("draw_width", own.print && own.print.width, set(path, "width")));
    }
    if (p.kind === "digits" || p.kind === "words" || p.kind === "percent") {
      const slot = slotOf(path, own);
      if (slot) {
        const hangs = ["left", "centre", "right"].find((k) => k in slot);
        const style = state.drawing.styles[slot.style || "row"] || {};
        out.push(field("draw_hangs", hangs, set(path, "hangs"), [["left", say("draw_left")], ["centre", say("draw_centre")], ["right", say("draw_right")]]));
        out.push(make("div", { className: "two" }, field("draw_width", slot.width, set(path, "width")), field("draw_size", style.size, set(path, "size")), field("draw_thousands", slot.thousands, set(path, "thousands"))));
      }
    }
    out.push(make("div", { className: "buttons" }, remove(false), ["rows", "totals"].includes(list) ? remove(true) : null));
    return out;
  }
  function slotOf(path, own) {
    const parts = path.split("/");
    const columns = state.drawing.columns[parts[0] === "totals" && parts[2] === "percent" ? own.percent.columns : own.columns] || {};
    return parts[2] === "values" ? columns.values[Number(parts[3])].digits : columns[parts[2]];
  }
  function relations() {
    const fares = Object.fromEntries(reading ? reading.relations.map((r) => [r.id, r]) : []);
    const side = (r, ids) => (ids || []).map((i) => (i === "rows" && r.contest ? "rows(" + r.contest + ")" : i)).join(" + ");
    one("#relations").replaceChildren(...(state.drawing.relations || []).map((r) => {
      const own = r.left[0] === "values" ? Object.values(fares).filter((f) => f.id.startsWith(r.id + "_")) : [fares[r.id]].filter(Boolean);
      const broken = own.find((f) => f.holds === false);
      const held = own.length && own.every((f) => f.holds === true);
      const text = side(r, r.left) + (r.at_most ? " ≤ " : " = ") + side(r, r.equals || r.at_most);
      const how = broken ? say("draw_broken") + " (" + broken.left + ", " + broken.right + ")" : say(held ? "draw_holds" : "draw_untold");
      return make("li", {}, make("span", { textContent: text }), make("span", { className: broken ? "broken" : held ? "holds" : "quiet", textContent: how }),
        make("button", { type: "button", textContent: "×", ariaLabel: say("draw_delete"), onclick: () => deed({ do: "unrelate", id: r.id }) }));
    }));
    one("#proposed").replaceChildren(...proposed.map((p) => {
      const text = p.whole ? p.text + ": % ← " + p.whole : p.text;
      const odds = p.sheets + "×" + (p.chance === null ? "" : " · 10^" + Math.round(p.chance));
      const take = () => deed(p.whole ? { do: "whole", contest: p.text, total: p.whole } : { do: "relate", text: p.text });
      return make("li", {}, make("span", { textContent: text }), make("small", { textContent: odds }), make("button", { type: "button", textContent: say("draw_accept"), onclick: take }));
    }));
  }
  function contests() {
    one("#contests").replaceChildren(...(state.drawing.contests || []).flatMap((c, i) => [
      make("div", { className: "two" }, field("draw_name", c.name, set("contests/" + i, "name")), field("draw_id", c.id, set("contests/" + i, "id"))),
      make("div", { className: "buttons" }, c.whole ? make("small", { textContent: say("draw_whole") + ": " + c.whole }) : null,
        make("button", { type: "button", textContent: say("draw_delete"), onclick: () => deed({ do: "delete", path: "contests/" + i }) })),
    ]));
  }
  function form() {
    const d = state.drawing;
    one("#form").replaceChildren(field("draw_form_title", d.title, set("form", "title")),
      make("div", { className: "two" }, field("draw_id", d.id, set("form", "id")), field("draw_election", d.election, set("form", "election")),
        field("draw_language", d.language, set("form", "language")), field("draw_places", d.places, set("form", "places"))));
  }
  function samples() {
    if (!checked) return one("#checked").replaceChildren();
    if (checked === "now") return one("#checked").replaceChildren(make("p", { className: "quiet", textContent: say("draw_checking") }));
    const c = checked, sum = (o, k) => Object.values(o).reduce((s, v) => s + v[k], 0);
    const out = [make("p", { textContent: c.sheets + " / " + c.pages + " " + say("draw_found") + " · " + sum(c.numbers, "sure") + " " + say("draw_read") + ", " + sum(c.numbers, "open") + " " + say("draw_open") })];
    if (!c.sheets) out.push(make("p", { className: "broken", textContent: say("draw_not_found") }));
    out.push(make("p", { className: sum(c.relations, "broken") ? "broken" : "holds", textContent: say("draw_relations") + ": " + sum(c.relations, "holds") + " " + say("draw_holds") + ", " + sum(c.relations, "broken") + " " + say("draw_broken") }));
    out.push(make("ul", {}, ...Object.entries(c.numbers).filter(([, n]) => n.open).slice(0, 20).map(([id, n]) => make("li", {}, make("span", { textContent: id }), make("small", { textContent: n.open + " " + say("draw_open") }))),
      ...c.off.slice(0, 10).map((o) => make("li", {}, make("span", { textContent: o.what }), make("small", { textContent: o.by.map((v) => v.toFixed(1)).join(" ") + " mm" })))));
    one("#checked").replaceChildren(...out);
  }

  // ---- Hands.
  const at = (e) => {
    const r = one("#marks").getBoundingClientRect(), [x, y, w, h] = state.paper;
    return [x + (e.clientX - r.left) / r.width * w, y + (e.clientY - r.top) / r.height * h];
  };
  let from = null, drag = null;
  one("#marks").addEventListener("pointerdown", (e) => {
    if (tool === "select") {
      const path = e.target.dataset && e.target.dataset.path;
      fresh = new Set();
      choose(path || null);
      one("#scroll").focus({ preventScroll: true });
      return;
    }
    e.preventDefault();
    one("#marks").setPointerCapture(e.pointerId);
    from = at(e);
    drag = mark("rect", { class: "drag", x: from[0], y: from[1], width: 0, height: 0 });
    one("#marks").append(drag);
  });
  const box = (e) => {
    const to = at(e);
    return { x: Math.min(from[0], to[0]), y: Math.min(from[1], to[1]), width: Math.abs(to[0] - from[0]), height: Math.abs(to[1] - from[1]) };
  };
  one("#marks").addEventListener("pointermove", (e) => {
    if (!from || !drag) return;
    for (const [k, v] of Object.entries(box(e))) drag.setAttribute(k, v);
  });
  one("#marks").addEventListener("pointerup", (e) => {
    if (!from) return;
    const b = box(e);
    from = drag = null;
    deed({ do: "box", tool, ...b });
  });
  one("#marks").addEventListener("pointercancel", () => { from = drag = null; sheet(); });
  function discard() {
    if (fresh.size) { fresh = new Set(); change("api/undo"); } else { chosen = null; pick("select"); }
    one("#scroll").focus({ preventScroll: true });
  }
  function pick(t) { tool = t; show(); }
  let pushed = null;
  function push(dx, dy) {
    // Steps that come faster than answers go together.
    if (pushed) { pushed.dx += dx; pushed.dy += dy; return; }
    pushed = { dx, dy };
    const path = chosen;
    queue = queue.then(() => { const p = pushed; pushed = null; return p; }).then((p) => { deed({ do: "move", path, ...p }); });
  }
  addEventListener("keydown", (e) => {
    const typing = ["INPUT", "SELECT", "TEXTAREA"].includes(e.target.tagName);
    const control = e.ctrlKey || e.metaKey;
    if (control && e.key === "s") { e.preventDefault(); if (document.activeElement) document.activeElement.blur(); change("api/save"); return; }
    if (typing) return;
    if (control && (e.key === "y" || (e.shiftKey && e.key.toLowerCase() === "z"))) { e.preventDefault(); fresh = new Set(); change("api/redo"); return; }
    if (control && e.key === "z") { e.preventDefault(); fresh = new Set(); change("api/undo"); return; }
    if (control || e.altKey) return;
    const onSheet = e.target === document.body || one("#scroll").contains(e.target);
    const by = e.shiftKey ? 1 : 0.1;
    const steps = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by] };
    if (onSheet && chosen && steps[e.key]) { e.preventDefault(); push(...steps[e.key]); return; }
    if (onSheet && e.key === "Tab" && state && order().length) { e.preventDefault(); step(e.shiftKey ? -1 : 1); return; }
    if (onSheet && chosen && chosen !== "private" && (e.key === "Delete" || e.key === "Backspace")) { e.preventDefault(); deed({ do: "delete", path: chosen }); return; }
    if (e.key === "Escape") { e.preventDefault(); discard(); return; }
    if (onSheet && e.key === "Enter" && chosen) { e.preventDefault(); fresh = new Set(); choose(chosen, true); return; }
    if (onSheet && (e.key === "+" || e.key === "-")) { e.preventDefault(); enlarge(e.key === "+" ? 1.25 : 0.8); return; }
    const t = tools.find((t) => t[1] === e.key);
    if (onSheet && t) { e.preventDefault(); pick(t[0]); }
  });
  function enlarge(by) {
    const s = one("#scroll"), x = (s.scrollLeft + s.clientWidth / 2) / zoom, y = (s.scrollTop + s.clientHeight / 2) / zoom;
    zoom = Math.max(1.5, Math.min(20, zoom * by));
    sheet();
    s.scrollLeft = x * zoom - s.clientWidth / 2;
    s.scrollTop = y * zoom - s.clientHeight / 2;
  }
  one("#tools").append(...tools.map(([t, key]) => {
    const b = make("button", { type: "button", onclick: () => pick(t) }, make("span"), make("kbd", { textContent: key }));
    b.dataset.tool = t;
    b.firstChild.dataset.w = "draw_" + t;
    return b;
  }));
  one("#undo").addEventListener("click", () => { fresh = new Set(); change("api/undo"); });
  one("#redo").addEventListener("click", () => { fresh = new Set(); change("api/redo"); });
  one("#save").addEventListener("click", () => change("api/save"));
  one("#in").addEventListener("click", () => enlarge(1.25));
  one("#out").addEventListener("click", () => enlarge(0.8));
  one("#relate").addEventListener("submit", (e) => {
    e.preventDefault();
    const input = one("#relate input");
    deed({ do: "relate", text: input.value }).then(() => { if (!notice) input.value = ""; });
  });
  one("#check").addEventListener("click", async () => {
    checked = "now"; show();
    try { checked = (await ask("api/check")).checked; notice = null; } catch (why) { checked = null; notice = why; }
    show();
  });
  one("#language").addEventListener("click", () => {
    root.lang = root.lang === "es" ? "en" : "es";
    keep.set("language", root.lang);
    one("#language").setAttribute("aria-label", root.lang === "es" ? "English" : "Español");
    show();
  });
  addEventListener("beforeunload", (e) => { if (state && state.undo && !state.saved) e.preventDefault(); });
  const wanted = keep.get("language");
  root.lang = wanted === "es" || wanted === "en" ? wanted : /^es\b/i.test(navigator.language || "") ? "es" : "en";
  one("#language").setAttribute("aria-label", root.lang === "es" ? "English" : "Español");
  ask("api/state").then(take, (why) => { notice = why; });
})();
