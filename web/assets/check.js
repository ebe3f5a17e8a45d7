// The file form with a script: drag and drop beside the button, name and size, SHA-256 computed here before anything is sent.
// Without it the form works all the same. No markup is made from strings (trusted types); texts come from data attributes.

const form = document.getElementById("check-form");
const input = document.getElementById("file");
const drop = document.getElementById("drop");
const progress = document.getElementById("progress");
const send = document.getElementById("send");
const chosen = document.getElementById("chosen");
const words = form.dataset;
const limitBytes = Number(words.limitBytes);

// Which choice is the latest: a slow digest of an earlier file must not overwrite it.
let choice = 0;
let sending = false;

function say(text) {
  progress.textContent = text;
}

function sizeInWords(bytes) {
  const lang = document.documentElement.lang;
  const number = new Intl.NumberFormat(lang, { maximumFractionDigits: 1 });
  if (bytes >= 1048576) return `${number.format(bytes / 1048576)} MB`;
  if (bytes >= 1024) return `${number.format(bytes / 1024)} KB`;
  return `${number.format(bytes)} byte`;
}

function hex(buffer) {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// ISO 32000-2 7.5.2 asks for the header first; readers accept it within the first 1,024 bytes.
async function looksLikePdf(file) {
  const head = new Uint8Array(await file.slice(0, 1024).arrayBuffer());
  return new TextDecoder("latin1").decode(head).includes("%PDF-");
}

function show(id, text) {
  const place = document.getElementById(id);
  place.textContent = text;
  place.parentElement.hidden = text === "";
}

async function chose() {
  const mine = ++choice;
  const file = input.files[0];
  chosen.hidden = !file;
  say("");
  if (!file) return;
  show("chosen-name", file.name.normalize("NFC"));
  show("chosen-size", sizeInWords(file.size));
  document.getElementById("chosen-digest").textContent = "…";
  if (file.size > limitBytes) {
    document.getElementById("chosen-digest").textContent = "–";
    say(words.tooLarge);
    return;
  }
  // Web Cryptography exists in secure contexts only; the server computes the digest in any case.
  if (!globalThis.crypto?.subtle) {
    document.getElementById("chosen-digest").textContent = "–";
    say(words.noDigest);
    return;
  }
  say(words.hashing);
  try {
    const pdf = await looksLikePdf(file);
    const digest = hex(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
    if (mine !== choice) return;
    document.getElementById("chosen-digest").textContent = digest;
    say(pdf ? words.ready : words.notPdf);
  } catch {
    if (mine !== choice) return;
    document.getElementById("chosen-digest").textContent = "–";
    say(words.noDigest);
  }
}

input.addEventListener("change", chose);

drop.querySelector(".drop-words").hidden = false;
for (const name of ["dragenter", "dragover"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("is-over");
  });
}
drop.addEventListener("dragleave", (event) => {
  if (!drop.contains(event.relatedTarget)) drop.classList.remove("is-over");
});
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("is-over");
  const file = event.dataTransfer.files[0];
  if (!file) return;
  const one = new DataTransfer();
  one.items.add(file);
  input.files = one.files;
  chose();
});

form.addEventListener("submit", (event) => {
  const file = input.files[0];
  if (sending || (file && file.size > limitBytes)) {
    event.preventDefault();
    if (!sending) say(words.tooLarge);
    return;
  }
  sending = true;
  send.setAttribute("aria-disabled", "true");
  say(words.sending);
});

// Back from the verdict: the page may come out of the browser's cache as it was left.
globalThis.addEventListener("pageshow", () => {
  sending = false;
  send.removeAttribute("aria-disabled");
  chose();
});
