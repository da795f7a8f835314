(() => {
  "use strict";
  const desk = document.querySelector("#desk");
  const base = desk.dataset.base;
  const all = (s, e = document) => [...e.querySelectorAll(s)];
  const pick = (es, en) => (document.documentElement.lang === "es" ? es : en);
  const notice = document.querySelector("#notice");
  const pass = desk.dataset.kind === "again" ? "again" : "first";

  function tell(text, fine) {
    notice.textContent = text;
    notice.classList.toggle("fine", Boolean(fine));
    notice.hidden = !text;
  }

  // Entries are sent one after the other, in the order in which they were made.
  let line = Promise.resolve();
  let waiting = 0;
  function send(path, body) {
    waiting += 1;
    const sent = line.then(() => fetch(base + "api/" + path, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    })).then(async (answer) => {
      const data = await answer.json().catch(() => ({}));
      if (!answer.ok) throw new Error(pick(data.es, data.en) || pick("El servidor no lo aceptó.", "The server did not take it."));
      return data;
    });
    line = sent.catch(() => {}).finally(() => { waiting -= 1; });
    return sent;
  }
  addEventListener("beforeunload", (e) => { if (waiting) e.preventDefault(); });

  const entries = () => all(".entry").filter((e) => !e.hidden && !e.closest("[hidden]"));
  const open = (e) => e.dataset.state === "open" || e.dataset.state === "clash";
  const target = (e) => e.querySelector(e.dataset.kind === "sheet" ? ".act" : "input");

  function look(entry, select = true) {
    if (!entry) return false;
    const input = target(entry);
    input.focus({ preventScroll: true });
    if (select && input.select) input.select();
    (entry.closest(".cell") || entry).scrollIntoView({ block: "center" });
    return true;
  }
  // To the next field that waits; from the end to where the next page begins.
  function onward(from) {
    const list = entries();
    const at = list.indexOf(from);
    if (look(list.slice(at + 1).find(open))) return;
    leave();
  }
  function leave() {
    const left = () => { location.href = desk.dataset.next; };
    line.then(() => { if (!all(".entry .warn.lost").length) left(); });
  }

  function state(entry, name) {
    entry.dataset.state = name;
    const holder = entry.closest(".cell");
    for (const e of [entry, holder]) if (e) {
      e.classList.remove("open", "done", "again", "clash");
      e.classList.add(name);
    }
  }
  function say(entry, text, kind) {
    const said = entry.querySelector(".said");
    said.className = "said " + (kind || "");
    said.textContent = text;
  }

  function heard(entry, value, data) {
    if (data.notes && data.notes.length) say(entry, data.notes.map((n) => pick(n.es, n.en)).join(" "), "warn");
    else say(entry, data.state === "again" ? pick("Falta otra lectura independiente", "Waits for another, independent entry")
      : data.who + (data.value === null ? "" : ": " + data.value));
    state(entry, data.state);
    after(entry.closest(".sheet"), data);
  }
  function after(sheet, data) {
    document.querySelector("#progress").value = data.done;
    document.querySelector("#far .done").textContent = data.done;
    if (!sheet) return;
    const badge = sheet.querySelector(".badge.state");
    const names = {
      complete: ["Revisada", "Reviewed"], partial: ["A medias", "Begun"], contradicted: ["Lecturas distintas", "Entries differ"],
      unreadable: ["Ilegible", "Unreadable"], rejected: ["No se cuenta", "Does not count"],
    };
    badge.hidden = !data.review;
    if (data.review) {
      badge.className = "badge state " + data.review;
      badge.textContent = pick(...names[data.review]);
    }
    // A sum that no longer holds asks for the sheet as a whole.
    const whole = sheet.querySelector('.entry[data-kind="sheet"]');
    if (whole && data.open.includes("@sheet") && whole.hidden) {
      whole.hidden = false;
      state(whole, "open");
    } else if (whole && !data.open.includes("@sheet") && whole.dataset.state === "open") whole.hidden = true;
  }

  function save(entry, action, value) {
    const note = entry.querySelector(".note");
    const input = entry.querySelector("input:not(.note)");
    state(entry, "done");
    say(entry, "…");
    send("entry", {
      sheet: entry.closest(".sheet").dataset.key, field: entry.dataset.field, action, value: value ?? null,
      reason: note ? note.value : "", pass,
    }).then((data) => {
      if (input && data.value !== null && data.value !== undefined && action !== "typed") input.value = data.value;
      heard(entry, value, data);
    }).catch((error) => {
      state(entry, "open");
      say(entry, error.message, "warn lost");
      tell(pick("No se guardó: ", "Not saved: ") + error.message);
    });
    onward(entry);
  }

  function type(entry) {
    const input = entry.querySelector("input:not(.note)");
    const value = input.value.trim();
    if (!value) {
      if (entry.dataset.state === "done" || entry.dataset.state === "again") onward(entry);
      else say(entry, pick("Escriba el número, o p, o x.", "Type the number, or p, or x."), "warn");
      return;
    }
    if (entry.dataset.kind === "number" && !/^[0-9]+$/.test(value)) {
      say(entry, pick("Solo cifras.", "Digits only."), "warn");
      return;
    }
    // A value that nothing on the sheet says is asked about once: most are typing errors.
    const likely = entry.dataset.likely.split(" ").filter(Boolean);
    const plain = entry.dataset.kind === "number" ? String(Number(value)) : value;
    if (likely.length && entry.dataset.kind === "number" && !likely.includes(plain) && entry.dataset.sure !== plain) {
      entry.dataset.sure = plain;
      say(entry, pick("Ningún canal dice ", "No channel says ") + plain + pick(". Enter otra vez para guardarlo.", ". Enter again to save it."), "warn");
      return;
    }
    save(entry, "typed", plain);
  }
  function act(entry, key) {
    if (key === "p") {
      if (entry.dataset.hidden === "true" || !entry.querySelector(".printed"))
        say(entry, pick("Escriba lo que ve.", "Type what you see."), "warn");
      else save(entry, "as_printed");
    } else if (entry.dataset.kind !== "code") save(entry, entry.dataset.kind === "sheet" ? "rejected" : "unreadable");
  }
  function undo() {
    send("undo", {}).then((data) => {
      const sheet = all(".sheet").find((s) => s.dataset.key === data.sheet);
      const entry = sheet && all(".entry", sheet).find((e) => e.dataset.field === data.field);
      if (!entry) { location.href = data.href; return; }
      const input = entry.querySelector("input:not(.note)");
      if (input) input.value = data.value ?? "";
      delete entry.dataset.sure;
      entry.hidden = false;
      state(entry, data.state);
      say(entry, pick("Deshecho.", "Undone."));
      after(sheet, data);
      look(entry);
    }).catch((error) => tell(error.message));
  }

  document.addEventListener("keydown", (e) => {
    const entry = e.target.closest(".entry");
    const note = e.target.classList.contains("note");
    if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "z" && !note) { undo(); e.preventDefault(); return; }
    if (e.ctrlKey || e.metaKey || e.altKey || note) return;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName) && !entry) return;
    const key = e.key.toLowerCase();
    if (key === "z") { undo(); e.preventDefault(); return; }
    if (!entry) {
      if (e.key === "Enter" && (e.target === document.body || e.target.matches(".sheet, .cell"))) {
        const scope = e.target.closest(".sheet");
        if (look(entries().find((x) => open(x) && (!scope || scope.contains(x))) || entries()[0])) e.preventDefault();
      }
      return;
    }
    if (key === "p" || key === "x") { act(entry, key); e.preventDefault(); e.stopPropagation(); return; }
    if (e.key === "Enter" && e.target.tagName === "INPUT") { type(entry); e.preventDefault(); return; }
    if (e.key === "Tab" && !e.shiftKey) {
      if (entry.dataset.kind === "sheet") return;
      const list = entries();
      if (!look(list[list.indexOf(entry) + 1])) leave();
      e.preventDefault();
    }
  }, true);
  for (const entry of all(".entry")) {
    for (const b of all(".act", entry)) b.addEventListener("click", () => act(entry, b.classList.contains("printed") ? "p" : "x"));
    const input = entry.querySelector("input:not(.note)");
    if (input) input.addEventListener("focus", () => input.select());
  }

  const finish = document.querySelector("#finish");
  if (finish) finish.addEventListener("click", () => {
    finish.disabled = true;
    send("finish", {}).then(() => tell(pick("records.jsonl, records.csv, run.json y report.html están al día.", "records.jsonl, records.csv, run.json and report.html are up to date."), true))
      .catch((error) => tell(error.message)).finally(() => { finish.disabled = false; });
  });

  // Where one stopped: the first field that waits, on the sheet that the address names.
  const asks = new URLSearchParams(location.search);
  const named = asks.has("at") && document.getElementById("s" + asks.get("at"));
  const first = entries().filter(open);
  const begin = first.find((e) => !named || named.contains(e)) || first[0];
  const asked = asks.get("field");
  const wanted = asked && entries().find((e) => e.dataset.field === asked);
  if (desk.dataset.kind === "home") { const go = document.querySelector("#go"); if (go) go.focus(); }
  else look(wanted || begin);
})();
