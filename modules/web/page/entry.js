// The ways in: sign in, register, guest.

import { Api } from "./api.js";
import * as view from "./view.js";

const { $ } = view;

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
  view.showEntryMessage(null);
  view.selectTab(tab, { focus: true });
}

function bindForm(form, enter, submit) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await view.whileBusy(form, async () => {
      view.showEntryMessage(null);
      view.showFieldErrors(form, []);
      try {
        const signedIn = await submit(form.elements);
        form.reset();
        enter(signedIn);
      } catch (error) {
        view.showEntryMessage(error.message);
        view.showFieldErrors(form, error.fields ?? []);
      }
    });
  });
}

/** Shows the ways in, with a message that says why if somebody was sent back here. */
export function showEntry(message) {
  view.showScreen("entry");
  view.selectTab("login");
  view.showEntryMessage(message);
  document.title = "Hornero";
}
