"use strict";
// The viewer draws the sections above the linked operation late, and on a slow machine
// after it has scrolled there: the operation would end up far below the window. It is
// held where it belongs as the page grows, until 120 frames have passed without that.
// What moves while the page stays as it is is moved by its reader, who is left alone.
{
  const linked = decodeURIComponent(location.hash.slice(1));
  let still = 0;
  let height;
  let at;

  const hold = () => {
    const section = document.getElementById(linked);
    const top = () => Math.round(section.getBoundingClientRect().top);
    if (section && height !== document.documentElement.scrollHeight) {
      section.scrollIntoView();
      height = document.documentElement.scrollHeight;
      at = top();
      still = 0;
    } else if (section) {
      still = top() === at ? still + 1 : 120;
    }
    if (still < 120) requestAnimationFrame(hold);
  };

  if (linked) hold();
}
