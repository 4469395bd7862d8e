// The hosted checkout page's script. Card data is in the page's fields and in the
// body of one request to the hub: it is stored nowhere and sent nowhere else.

const config = JSON.parse(document.getElementById("config").textContent);
const at = id => document.getElementById(id);
const say = (name, values = {}) =>
  Object.entries(values).reduce((text, [key, value]) => text.replace(`{${key}}`, value), config.texts[name]);
const pause = ms => new Promise(done => setTimeout(done, ms));

const payment = `/api/public/payment-intents/${config.payment}`;
const pollEvery = 2_000;
const requestLimit = 40_000; // longer than the hub takes for any answer
const retries = [1_000, 3_000, 6_000];

// The secret in the address has done its work: it goes out of the history, and the
// cookie shows the page from here on.
const here = new URL(location.href);
if (here.searchParams.has("client_secret") || here.searchParams.has("forward")) {
  here.searchParams.delete("client_secret");
  here.searchParams.delete("forward"); // who comes back from the provider's page is not sent there again
  history.replaceState(null, "", here.pathname + here.search);
}

// A page that the browser kept shows what was. The hub knows what is.
addEventListener("pageshow", event => event.persisted && location.reload());

// --- Card data as people write it -------------------------------------------

const digits = text => text
  .replace(/[\u0660-\u0669]/g, d => d.charCodeAt(0) - 0x660) // Arabic-Indic
  .replace(/[\u06f0-\u06f9]/g, d => d.charCodeAt(0) - 0x6f0) // its Eastern form
  .replace(/\D/g, "");

// brandOf is card.BrandOf: of the ranges that hold the number, the longest counts.
function brandOf(number) {
  let found = config.brands.at(-1), width = 0;
  for (const brand of config.brands) {
    for (const { low, high } of brand.ranges) {
      const start = number.slice(0, low.length);
      if (low.length > width && start.length === low.length && start >= low && start <= high) [found, width] = [brand, low.length];
    }
  }
  return found;
}

function grouped(number, brand) {
  const parts = [];
  for (let from = 0, i = 0; from < number.length; i++) {
    const size = brand.groups[i] ?? 4;
    parts.push(number.slice(from, from + size));
    from += size;
  }
  return parts.join(" ");
}

function luhn(number) {
  const sum = [...number].reverse().reduce((total, digit, i) => {
    const value = i % 2 ? digit * 2 : +digit;
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

// rewrite puts what a field holds into its form, and leaves the caret behind the
// digit that it was behind. Deleting a separator deletes the digit next to it.
function rewrite(input, event, form) {
  const caret = input.selectionStart;
  let before = digits(input.value.slice(0, caret)), after = digits(input.value.slice(caret));
  if (before + after === input.dataset.digits && input.value.length < (input.dataset.shown ?? "").length) {
    if (event.inputType === "deleteContentBackward") before = before.slice(0, -1);
    if (event.inputType === "deleteContentForward") after = after.slice(1);
  }
  const [all, shown] = form(before + after, event);
  input.value = shown;
  input.dataset.digits = all;
  input.dataset.shown = shown;
  const added = Math.max(0, all.length - before.length - after.length); // a zero before a month
  let place = after === "" ? shown.length : 0;
  for (let seen = 0; seen < before.length + added && place < shown.length; place++) {
    if (/\d/.test(shown[place])) seen++;
  }
  if (document.activeElement === input) input.setSelectionRange(place, place);
}

function numberForm(all) {
  const brand = brandOf(all);
  const number = all.slice(0, brand.lengths.at(-1));
  return [number, grouped(number, brand)];
}

function expiryForm(all, event) {
  if (/^[2-9]/.test(all)) all = "0" + all;
  if (all.length > 4 && all.slice(2, 4) === "20") all = all.slice(0, 2) + all.slice(4); // 12 / 2027
  all = all.slice(0, 4);
  const typing = !event.inputType?.startsWith("delete");
  const shown = all.length > 2 || all.length === 2 && typing ? `${all.slice(0, 2)} / ${all.slice(2)}` : all;
  return [all, shown];
}

const expiryOf = text => {
  const all = digits(text);
  return { month: +all.slice(0, 2), year: 2000 + +all.slice(2) };
};

// --- The fields and what can be wrong with them ------------------------------

const value = id => at(id)?.value.trim() ?? "";

// faults name what is wrong with a field's value: a text, and what it counts.
const faults = {
  email: text => !text ? "missing" : !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text) && "wrong",
  number: text => {
    const number = digits(text), { lengths } = brandOf(number);
    if (!number) return "missing";
    if (number.length < lengths[0]) return "short";
    return !(lengths.includes(number.length) && luhn(number)) && "wrong";
  },
  expiry: text => {
    const { month, year } = expiryOf(text);
    if (!text) return "missing";
    if (digits(text).length !== 4 || month < 1 || month > 12) return "wrong";
    return Date.now() >= Date.UTC(year, month, 1, 12) && "past"; // the last place on earth where the month ends
  },
  code: text => {
    const brand = brandOf(digits(value("number")));
    if (!text) return !brand.code_optional && "missing";
    return !(/^\d+$/.test(text) && text.length === brand.code_length) && "wrong";
  },
  name: text => !text && "missing",
};

const fields = Object.keys(faults).filter(at);

function mark(id, fault) {
  const error = at(`${id}-error`);
  at(id).setAttribute("aria-invalid", String(Boolean(fault)));
  error.hidden = !fault;
  error.textContent = fault ? say(`${id}.${fault}`, { digits: brandOf(digits(value("number"))).code_length }) : "";
}

function check(id) {
  const fault = faults[id](value(id));
  mark(id, fault);
  return !fault;
}

function showBrand() {
  const brand = brandOf(digits(value("number")));
  const front = brand.code_length > 3;
  at("mark").dataset.brand = brand.code;
  at("number-brand").textContent = brand.ranges.length ? brand.name : "";
  at("where").classList.toggle("front", front);
  at("code").placeholder = "1234".slice(0, brand.code_length);
  at("code").maxLength = brand.code_length;
  at("code").required = !brand.code_optional;
  at("code-hint").textContent = say(front ? "code.front" : "code.back", { digits: brand.code_length });
}

function prepareFields() {
  at("number").addEventListener("input", event => {
    rewrite(event.target, event, numberForm);
    showBrand();
  });
  at("expiry").addEventListener("input", event => rewrite(event.target, event, expiryForm));
  at("code").addEventListener("input", event => {
    event.target.value = digits(event.target.value).slice(0, event.target.maxLength);
  });
  for (const id of fields) {
    at(id).addEventListener("blur", () => value(id) && check(id));
    at(id).addEventListener("input", () => at(id).getAttribute("aria-invalid") === "true" && check(id));
  }
  // What the browser has put back after a reload.
  rewrite(at("number"), {}, numberForm);
  rewrite(at("expiry"), {}, expiryForm);
  showBrand();
}

// --- Paying -------------------------------------------------------------------

// sent is the request whose outcome is not known: it may only be repeated as it
// was, under the key that it had.
let sent = null;
let busy = false;

const tell = text => { at("status").textContent = text; };

function wait(on, text = "") {
  busy = on;
  at("fields").disabled = on || sent !== null;
  at("pay").setAttribute("aria-busy", String(on));
  at("pay").setAttribute("aria-disabled", String(on));
  at("pay-text").textContent = on ? say("busy") : say(sent ? "retry" : "pay");
  tell(text);
}

function complain(text, more = "") {
  at("alert-text").textContent = text;
  at("alert-more").textContent = more;
  at("alert").hidden = false;
  at("alert").focus();
}

function request() {
  const { month, year } = expiryOf(value("expiry"));
  const body = {
    client_secret: config.secret,
    card: { number: digits(value("number")), exp_month: month, exp_year: year, cvv: value("code"), holder_name: value("name") },
  };
  if (at("email")) body.customer_email = value("email");
  if (at("save")?.checked) body.save_card = true;
  const random = crypto.getRandomValues(new Uint8Array(16));
  const key = Array.from(random, byte => byte.toString(16).padStart(2, "0")).join("");
  return { key, body: JSON.stringify(body) };
}

async function post({ key, body }) {
  const response = await fetch(`${payment}/confirm`, {
    method: "POST", body, cache: "no-store", signal: AbortSignal.timeout(requestLimit),
    headers: { "Content-Type": "application/json", "Idempotency-Key": key },
  });
  return { status: response.status, after: 1_000 * response.headers.get("Retry-After"), answer: await response.json() };
}

// confirm sends the request until it is answered, a few times at most.
async function confirm(request) {
  for (const delay of [...retries, null]) {
    const outcome = await post(request).catch(() => null);
    const unknown = !outcome || outcome.status === 429 || outcome.status >= 500 || outcome.answer.error?.code === "IDEMPOTENCY_IN_PROGRESS";
    if (!unknown) return outcome;
    if (delay === null) return null;
    tell(say("retrying"));
    await pause(Math.max(delay, Math.min(outcome?.after ?? 0, 10_000)));
  }
}

const leave = address => { location.assign(address); };

// paid sends whoever has paid back to the shop, where there is one.
function paid() {
  if (!config.success_url) return location.reload();
  tell(say("forwarding"));
  leave(config.success_url);
}

function settle(outcome) {
  if (!outcome) {
    wait(false);
    return complain(say("unreachable"));
  }
  const { status, answer } = outcome, error = answer.error ?? {}, details = error.details ?? {};
  if (status === 200 && answer.data.next_action?.url) {
    tell(say("redirecting"));
    return leave(answer.data.next_action.url);
  }
  if (status === 200 && ["captured", "authorized"].includes(answer.data.status)) return paid();
  if (status === 200 && answer.data.status === "processing") {
    tell(say("waiting"));
    return poll();
  }
  const again = status === 402 && details.attempts_remaining > 0;
  if (!again && status !== 400) return location.reload(); // it is over, or another window has moved on
  sent = null;
  wait(false);
  if (again) {
    const text = config.declines[details.decline_code] ?? config.declines.generic_decline;
    return complain(`${text} ${say("uncharged")}`, config.texts[`attempts.${details.attempts_remaining}`]);
  }
  refuse(details.field ?? "");
}

// refuse marks the field that the hub did not take.
function refuse(param) {
  const id = { customer_email: "email", "card.number": "number", "card.exp_month": "expiry", "card.exp_year": "expiry", "card.cvv": "code", "card.holder_name": "name" }[param];
  if (!at(id)) return complain(say("refused"));
  mark(id, "wrong");
  at(id).focus();
}

async function submit(event) {
  event.preventDefault();
  if (busy) return;
  if (!sent) {
    const wrong = fields.filter(id => !check(id));
    if (wrong.length) return at(wrong[0]).focus();
    sent = request();
  }
  at("alert").hidden = true;
  wait(true);
  at("pay").focus(); // the field that had the focus cannot keep it
  settle(await confirm(sent));
}

// --- Waiting -------------------------------------------------------------------

// poll asks until the payment has moved on. Questions that fail cost nothing: the
// next one may not.
async function poll() {
  for (;;) {
    await pause(pollEvery);
    const response = await fetch(`${payment}?client_secret=${encodeURIComponent(config.secret)}`, { cache: "no-store", signal: AbortSignal.timeout(requestLimit) })
      .catch(() => null);
    const data = response?.ok ? (await response.json().catch(() => ({}))).data : null;
    if (!data) continue;
    if (["captured", "authorized"].includes(data.status)) return paid();
    const acting = Boolean(data.next_action);
    if (data.status === "processing" && acting === (config.state === "action")) continue;
    return location.reload();
  }
}

// expire shows that the page is over when it is, and says so in its last minutes.
function expire() {
  const end = Date.now() + (config.expires_in + 1) * 1_000;
  const timer = setInterval(() => {
    const left = Math.ceil((end - Date.now()) / 1_000);
    if (left <= 0 && !sent) {
      clearInterval(timer);
      location.reload();
    } else if (left > 0 && left <= 300 && at("timer")) {
      at("timer").hidden = false;
      at("timer").textContent = say("expires", { time: `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` });
    }
  }, 1_000);
}

if (config.state === "form") {
  if (at("form")) {
    prepareFields();
    at("form").addEventListener("submit", submit);
    at("pay").disabled = false;
  }
  if (!at("alert").hidden) at("alert").focus();
  expire();
} else if (config.state === "processing") {
  poll();
} else if (config.state === "action") {
  poll();
  expire();
}
