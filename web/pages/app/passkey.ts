// Passkeys: what the browser and the node say to each other.
type Answered = { to: string; token: string; options: { publicKey: any } };

const bytes = (text: string) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer: ArrayBuffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const said = document.getElementById("said") as HTMLElement;

async function ask(path: string, body: unknown): Promise<Answered> {
  const got = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const out = await got.json();
  if (!got.ok) throw new Error(out.error);
  return out;
}

function answer(c: any) {
  const r = c.response;
  const out: any = { id: c.id, rawId: text(c.rawId), type: c.type, response: { clientDataJSON: text(r.clientDataJSON) } };
  for (const k of ["attestationObject", "authenticatorData", "signature", "userHandle"]) if (r[k]) out.response[k] = text(r[k]);
  if (r.getTransports) out.response.transports = r.getTransports();
  return out;
}

function run(form: HTMLElement | null, steps: (form: HTMLElement) => Promise<Answered>) {
  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    said.hidden = true;
    const button = form.querySelector("button") as HTMLButtonElement;
    button.disabled = true;
    try {
      location.assign((await steps(form)).to);
    } catch (e) {
      said.textContent = e instanceof DOMException || e instanceof TypeError ? said.dataset.wrong ?? "" : (e as Error).message;
      said.hidden = false;
      button.disabled = false;
    }
  });
}

run(document.getElementById("register"), async (form) => {
  const begun = await ask("/passkey/register/begin", { token: form.dataset.token });
  const key = begun.options.publicKey;
  key.challenge = bytes(key.challenge);
  key.user.id = bytes(key.user.id);
  for (const c of key.excludeCredentials || []) c.id = bytes(c.id);
  const made = await navigator.credentials.create({ publicKey: key });
  return ask("/passkey/register/finish", { token: begun.token, name: (document.getElementById("device") as HTMLInputElement).value, response: answer(made) });
});

run(document.getElementById("login"), async (form) => {
  const begun = await ask("/passkey/login/begin", {});
  const key = begun.options.publicKey;
  key.challenge = bytes(key.challenge);
  for (const c of key.allowCredentials || []) c.id = bytes(c.id);
  const proof = await navigator.credentials.get({ publicKey: key });
  return ask("/passkey/login/finish", { token: begun.token, name: form.dataset.to, response: answer(proof) });
});
