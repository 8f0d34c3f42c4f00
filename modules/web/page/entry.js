// The ways in: sign in, register, guest.

import { Api } from "./api.js";
import { $ } from "./dom.js";
import * as screen from "./screen.js";

/** Binds the three forms; `enter` gets `{user, accessToken, expiresIn}`. */
export function bindEntry(enter) {
  bindForm($("login"), enter, (form) => new Api().login({ email: form.email.value.trim(), password: form.password.value }));
  bindForm($("register"), enter, (form) => new Api().register({
    email: form.email.value.trim(),
    password: form.password.value,
    displayName: form.displayName.value.trim(),
  }));
  bindForm($("guest"), enter, (form) => new Api().guest(form.displayName.value.trim()));
  const tabs = ["login", "register", "guest"];
  tabs.forEach((tab, index) => {
    $(`tab-${tab}`).addEventListener("click", () => chooseTab(tab));
    $(`tab-${tab}`).addEventListener("keydown", ({ key }) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
      if (step) chooseTab(tabs[(index + step + tabs.length) % tabs.length]);
    });
  });
}

function chooseTab(tab) {
  screen.showEntryMessage(null);
  screen.selectTab(tab, { focus: true });
}

function bindForm(form, enter, submit) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await screen.whileBusy(form, async () => {
      screen.showEntryMessage(null);
      screen.showFieldErrors(form, []);
      try {
        const signedIn = await submit(form.elements);
        form.reset();
        enter(signedIn);
      } catch (error) {
        screen.showEntryMessage(error.message);
        screen.showFieldErrors(form, error.fields ?? []);
      }
    });
  });
}

/** Shows the ways in, with a message that says why if somebody was sent back here. */
export function showEntry(message) {
  screen.showScreen("entry");
  screen.selectTab("login");
  screen.showEntryMessage(message);
  document.title = "Hornero";
}
