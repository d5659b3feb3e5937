// Passkeys: what the browser and the node say to each other.
"use strict";
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const said = document.getElementById("said");
  const ask = async (path, body) => {
    const got = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    const out = await got.json();
    if (!got.ok) throw new Error(out.error);
    return out;
  };
  const answer = (c) => {
    const r = c.response;
    const out = { id: c.id, rawId: text(c.rawId), type: c.type, response: { clientDataJSON: text(r.clientDataJSON) } };
    for (const k of ["attestationObject", "authenticatorData", "signature", "userHandle"]) if (r[k]) out.response[k] = text(r[k]);
    if (r.getTransports) out.response.transports = r.getTransports();
    return out;
  };
  const run = (form, steps) => form.addEventListener("submit", async (event) => {
    event.preventDefault();
    said.hidden = true;
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      location.assign((await steps()).to);
    } catch (e) {
      said.textContent = e instanceof DOMException ? said.dataset.wrong : e.message;
      said.hidden = false;
      button.disabled = false;
    }
  });
  const register = document.getElementById("register");
  if (register) run(register, async () => {
    const begun = await ask("/passkey/register/begin", { token: register.dataset.token });
    const key = begun.options.publicKey;
    key.challenge = bytes(key.challenge);
    key.user.id = bytes(key.user.id);
    for (const c of key.excludeCredentials || []) c.id = bytes(c.id);
    const made = await navigator.credentials.create({ publicKey: key });
    return ask("/passkey/register/finish", { token: begun.token, name: document.getElementById("device").value, response: answer(made) });
  });
  const login = document.getElementById("login");
  if (login) run(login, async () => {
    const begun = await ask("/passkey/login/begin", {});
    const key = begun.options.publicKey;
    key.challenge = bytes(key.challenge);
    for (const c of key.allowCredentials || []) c.id = bytes(c.id);
    const proof = await navigator.credentials.get({ publicKey: key });
    return ask("/passkey/login/finish", { token: begun.token, name: login.dataset.to, response: answer(proof) });
  });
})();
