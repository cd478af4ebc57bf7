// Before the first paint: the theme that was chosen, so that no page flashes in the other one. A file, since the policy allows no inline script.
try {
  const theme = localStorage.getItem('telefuser.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden; then the system's theme it is.
}
