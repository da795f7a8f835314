"use strict";
// Remembers the language, and adds the search. Lists come as scripts, because a page that was opened from
// a folder may load nothing else.
const root = document.body.dataset.root;
const english = document.getElementById("english");
const remember = (value) => { try { localStorage.setItem("cotejo-lang", value); } catch (e) { /* not allowed: it is asked again */ } };
const recall = () => { try { return localStorage.getItem("cotejo-lang"); } catch (e) { return null; } };
const tongue = () => { document.documentElement.lang = english.checked ? "en" : "es"; };
if (recall() === "en") english.checked = true;
tongue();
english.addEventListener("change", () => { remember(english.checked ? "en" : "es"); tongue(); });

const waiting = new Map();
const lists = new Map();
let words = null;
window.cotejo = {
  put(key, list) { lists.set(key, list); },
  meta(frequent, shards) { words = { frequent: new Set(frequent), shards: new Set(shards) }; },
};
function load(name) {
  if (!waiting.has(name)) {
    waiting.set(name, new Promise((done) => {
      const script = document.createElement("script");
      script.src = `${root}search/${name}.js`;
      script.onload = done;
      // No such list: nothing of that name.
      script.onerror = done;
      document.head.append(script);
    }));
  }
  return waiting.get(name);
}
const plain = (text) => text.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/[^a-z0-9]+/g, " ").trim();

async function find(text) {
  const code = text.replace(/[^0-9]/g, "");
  if (code.length >= 4 && /^[\s0-9.\-]+$/.test(text)) {
    await load(`c-${code.slice(0, 4)}`);
    const centre = code.slice(0, 9);
    const mesa = code.length > 9 ? Number(code.slice(9, 11)) : 0;
    const all = lists.get(code.slice(0, 4)) || [];
    return { rows: all.filter((r) => r[0].startsWith(centre)), mesa };
  }
  const asked = plain(text).split(" ").filter((w) => w.length > 1);
  if (!asked.length) return { rows: [], short: true };
  await load("meta");
  const rare = asked.filter((w) => !words || !words.frequent.has(w));
  if (!rare.length) return { rows: [], short: true };
  const key = rare[0].slice(0, 2);
  await load(`w-${key}`);
  const all = lists.get(key) || [];
  const has = (r) => { const name = ` ${plain(r[1])}`; return asked.every((w) => name.includes(` ${w}`)); };
  return { rows: all.filter(has) };
}

const form = document.getElementById("search");
if (form) {
  form.hidden = false;
  const input = document.getElementById("q");
  const found = document.getElementById("found");
  const results = document.getElementById("results");
  let turn = 0;
  const say = (es, en) => { found.textContent = english.checked ? en : es; };
  async function show(go) {
    const mine = ++turn;
    const text = input.value.trim();
    if (text.length < 2) { results.replaceChildren(); found.textContent = ""; return; }
    const { rows, mesa, short } = await find(text);
    if (mine !== turn) return;
    const link = (r) => root + r[3] + (mesa ? `#m${mesa}` : "");
    if (go && rows.length === 1) { location.href = link(rows[0]); return; }
    results.replaceChildren(...rows.slice(0, 50).map((r) => {
      const item = document.createElement("li");
      const a = document.createElement("a");
      a.href = link(r);
      a.textContent = r[1];
      const place = document.createElement("span");
      place.className = "quiet";
      place.textContent = ` ${r[0]} · ${r[2]}`;
      item.append(a, place);
      return item;
    }));
    if (short) say("Escriba una palabra más del nombre, o el código.", "Write one more word of the name, or the code.");
    else if (rows.length > 50) say(`${rows.length} centros; se muestran 50.`, `${rows.length} centres; 50 are shown.`);
    else say(`${rows.length} centros.`, `${rows.length} centres.`);
  }
  let timer = 0;
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => show(false), 150); });
  form.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(timer); show(true); });
}
