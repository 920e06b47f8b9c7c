/* Says what a security key did not do; the ceremony itself is the login library's. */
document.addEventListener("allauth.error", (event) => {
  const told = document.querySelector("[data-key-trouble]");
  if (!told) return;
  event.preventDefault();
  told.hidden = false;
});
