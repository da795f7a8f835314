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

const form = document.getElementById("search");

async function find(text) {
  const code = text.replace(/[^0-9]/g, "");
  const [key, width, digits] = [form.dataset.key, form.dataset.centre, form.dataset.table].map(Number);
  if (code.length >= key && /^[\s0-9.\-]+$/.test(text)) {
    await load(`c-${code.slice(0, key)}`);
    const centre = code.slice(0, width);
    const table = Number(code.slice(width, width + digits));
    const all = lists.get(code.slice(0, key)) || [];
    return { rows: all.filter((r) => r[0].startsWith(centre)), table };
  }
  const asked = plain(text).split(" ").filter((w) => w.length > 1);
  if (!asked.length) return { rows: [], short: true };
  await load("meta");
  const rare = asked.filter((w) => !words || !words.frequent.has(w));
  if (!rare.length) return { rows: [], short: true };
  const two = rare[0].slice(0, 2);
  await load(`w-${two}`);
  const all = lists.get(two) || [];
  const has = (r) => { const name = ` ${plain(r[1])}`; return asked.every((w) => name.includes(` ${w}`)); };
  return { rows: all.filter(has) };
}

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
    const { rows, table, short } = await find(text);
    if (mine !== turn) return;
    const link = (r) => root + r[3] + (table ? `#t${table}` : "");
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
    else if (rows.length > 50) say(`${rows.length} ${form.dataset.es}; se muestran 50.`, `${rows.length} ${form.dataset.en}; 50 are shown.`);
    else say(`${rows.length} ${form.dataset.es}.`, `${rows.length} ${form.dataset.en}.`);
  }
  let timer = 0;
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => show(false), 150); });
  form.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(timer); show(true); });
}
