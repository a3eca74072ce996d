// Versions of one clip are played in turn at one position; of a whole page one sounds at a time.
// The markup is parts/players.html. Without this script the browser's own players still work.
(() => {
  "use strict";
  const HOP_SECONDS = 1;
  let latest = null; // the clip whose version sounded last

  const clipOf = (inside) => inside?.closest("[data-clip]") ?? null;
  const playersOf = (clip) => [...clip.querySelectorAll("audio")];
  const buttonOf = (player) => player.closest("figure").querySelector(".version");
  const sounding = (clip) => playersOf(clip).find((player) => !player.paused);
  const lengthOf = (player) =>
    Number.isFinite(player.duration) ? player.duration : Number(player.dataset.seconds);

  function positionIn(clip) {
    const player = playersOf(clip).find((one) => one.dataset.latest);
    return player && !player.ended ? player.currentTime : 0;
  }

  function play(player, position) {
    player.currentTime = position < lengthOf(player) ? position : 0;
    player.play().catch((error) => {
      if (error.name !== "AbortError") throw error; // it was paused before it began
    });
  }

  function toggle(player) {
    if (player.paused) play(player, positionIn(clipOf(player)));
    else player.pause();
  }

  function seek(player, position) {
    player.currentTime = Math.min(Math.max(0, position), lengthOf(player));
  }

  // Where in the picture the sound is: all versions of a clip share one axis of seconds.
  function mark(clip) {
    const share = positionIn(clip) / Number(clip.dataset.seconds);
    for (const head of clip.querySelectorAll(".head")) {
      head.style.left = `${100 * Math.min(1, share)}%`;
      head.hidden = !(share > 0);
    }
    for (const player of playersOf(clip)) {
      buttonOf(player).setAttribute("aria-pressed", String(!player.paused));
      player.closest("figure").classList.toggle("sounding", !player.paused);
    }
  }

  function follow(clip) {
    mark(clip);
    if (sounding(clip)) requestAnimationFrame(() => follow(clip));
  }

  document.addEventListener("play", ({ target }) => {
    const clip = clipOf(target);
    for (const other of document.querySelectorAll("audio")) {
      if (other !== target && !other.paused) other.pause();
    }
    if (!clip) return;
    for (const player of playersOf(clip)) delete player.dataset.latest;
    target.dataset.latest = "yes";
    latest = clip;
    follow(clip);
  }, true);

  for (const kind of ["pause", "seeked", "ended"]) {
    document.addEventListener(kind, ({ target }) => clipOf(target) && mark(clipOf(target)), true);
  }

  document.addEventListener("click", (event) => {
    const figure = event.target.closest("[data-clip] figure");
    const player = figure?.querySelector("audio");
    if (!player) return;
    const picture = event.target.closest(".picture");
    if (event.target.closest(".version")) toggle(player);
    else if (picture) {
      const { left, width } = picture.getBoundingClientRect();
      play(player, ((event.clientX - left) / width) * Number(clipOf(figure).dataset.seconds));
    }
  });

  // 1 to 9 play a version at the position of the one before, arrows move by a second, N and P go
  // to the next clip and the one before.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const clip = clipOf(event.target) ?? (event.target === document.body ? latest : null);
    const clips = [...document.querySelectorAll("[data-clip]")].filter((one) => one.offsetParent);
    const hop = { n: 1, p: -1 }[event.key.toLowerCase()];
    if (hop) {
      const next = clip ? clips[clips.indexOf(clip) + hop] : clips[0];
      next?.querySelector(".version, audio")?.focus();
      next?.scrollIntoView({ block: "nearest" });
    } else if (clip && /^[1-9]$/.test(event.key)) {
      const player = playersOf(clip)[Number(event.key) - 1];
      if (!player) return;
      buttonOf(player).focus({ preventScroll: true });
      toggle(player);
    } else if (clip && /^Arrow(Left|Right)$/.test(event.key) && event.target.tagName !== "AUDIO") {
      const player = playersOf(clip).find((one) => one.dataset.latest);
      if (!player) return;
      seek(player, player.currentTime + (event.key === "ArrowLeft" ? -HOP_SECONDS : HOP_SECONDS));
    } else return;
    event.preventDefault();
  });

  for (const player of document.querySelectorAll("audio[data-volume]")) {
    player.volume = Number(player.dataset.volume);
  }
})();
