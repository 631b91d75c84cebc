"""The one style sheet. Colours come from JupyterLab's theme, with plain ones where there is none (Voilà, VS Code)."""

COLOURS = """
  --kling-text: var(--jp-ui-font-color1, currentColor);
  --kling-dim: var(--jp-ui-font-color2, #6b6b6b);
  --kling-line: var(--jp-border-color2, #d0d0d0);
  --kling-brand: var(--jp-brand-color1, #1976d2);
  --kling-error: var(--jp-error-color1, #c62828);
  --kling-note: color-mix(in srgb, var(--jp-warn-color0, #9a5b00) 65%, var(--jp-ui-font-color0, #000));
  --kling-code: var(--jp-layout-color2, rgba(127, 127, 127, .12));
"""

STYLE = f"<style>\n.kling {{{COLOURS}" + """  color: var(--kling-text); max-width: 900px; box-sizing: border-box;
}
.kling-card { border: 1px solid var(--kling-line); border-radius: 6px; padding: 12px 16px; overflow: hidden; }
.kling .widget-html, .kling .widget-html-content, .kling .widget-label {
  color: var(--kling-text); line-height: 1.5; white-space: normal; height: auto;
}
.kling-dim, .kling .kling-dim { color: var(--kling-dim); }
.kling-title { font-weight: 600; font-size: 1.1em; }
.kling-prompt { font-style: italic; margin: 4px 0; overflow-wrap: anywhere; white-space: pre-wrap; max-height: 9em;
  overflow-y: auto; }
.kling-bar { height: 3px; background: var(--kling-line); overflow: hidden; margin: 8px 0; border-radius: 2px; }
.kling-bar > div { height: 100%; background: var(--kling-brand); transition: width 1s linear; }
.kling-bar > .kling-unknown { width: 25%; animation: kling-pass 2.4s linear infinite; transition: none; }
@keyframes kling-pass { from { transform: translateX(-100%); } to { transform: translateX(400%); } }
@media (prefers-reduced-motion: reduce) { .kling-bar > .kling-unknown { animation: none; width: 100%; opacity: .4; } }
.kling-error { color: var(--kling-error) !important; }
.kling-note { color: var(--kling-note) !important; }
/* Under its control, or at the left edge where less than about 300px are there. */
.kling-problem, .kling-fix { margin: 0 0 4px clamp(0px, (100% - 300px) * 99, 118px); overflow-wrap: anywhere; }
.kling-fix .kling-problem { margin: 0; }
.kling-row { align-items: flex-start; flex-wrap: wrap; gap: 0 6px; }
.kling-row > .widget-text, .kling-row > .widget-textarea { max-width: 100%; }
.kling-fix > .widget-html { flex: 0 1 auto; min-width: min(100%, 300px); }
.kling .jupyter-button { flex-shrink: 0; max-width: 100%; }
.kling-code pre { background: var(--kling-code); padding: 8px; border-radius: 4px; margin: 0; overflow-x: auto;
  white-space: pre-wrap; overflow-wrap: anywhere; user-select: text; color: var(--kling-text); max-height: 20em; }
.kling button.kling-section { background: none; text-align: left; padding: 0; box-shadow: none !important;
  font-weight: 600; color: var(--kling-text); width: 100%; border-top: 1px solid var(--kling-line); }
.kling .widget-toggle-buttons { display: flex; flex-flow: row wrap; align-items: center; }
.kling .widget-toggle-buttons > .widget-label, .kling .widget-text > .widget-label,
.kling .widget-textarea > .widget-label, .kling .widget-dropdown > .widget-label {
  text-align: left; flex: 0 0 auto; padding-top: 4px; align-self: flex-start; }
.kling .widget-toggle-buttons > .widget-label { margin: 0 8px 0 2px; }
.kling .widget-toggle-buttons .mod-active { background: var(--kling-brand); color: white; box-shadow: none; }
.kling .widget-dropdown { max-width: 420px; }
.kling .widget-toggle-buttons .widget-toggle-button { border-radius: 12px; margin: 1px 2px; width: auto;
  min-width: 52px; padding: 0 10px; }
.kling .widget-toggle-button.mod-active, .kling .jupyter-button.mod-primary {
  background: var(--jp-brand-color0, #1565c0); color: #fff; }
.kling .widget-textarea textarea { resize: vertical; }
.kling button:focus-visible, .kling input:focus-visible, .kling textarea:focus-visible, .kling select:focus-visible {
  outline: 2px solid var(--kling-brand); outline-offset: 1px; }
/* A structured control: its label, a quiet button, the editor below, all a little in. */
.kling .kling-head { justify-content: space-between; align-items: baseline; }
.kling .kling-head > .widget-html { flex: 1 1 auto; }
.kling .kling-head > .widget-html { min-width: 0; overflow-wrap: anywhere; }
.kling .kling-label { font-weight: 600; margin: 0 6px 0 2px; }
.kling .kling-unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.kling .widget-vbox > .jupyter-button:not(.kling-section) { align-self: flex-start; }
.kling button.kling-quiet { background: none; box-shadow: none !important; color: var(--kling-dim); padding: 0 6px;
  text-decoration: underline; }
.kling .kling-guide ol { margin: 4px 0; padding-left: 1.6em; }
.kling .kling-guide:has(ol) { border-left: 3px solid var(--kling-brand); padding-left: 10px; margin: 6px 0; }
.kling .kling-done { color: var(--kling-brand); font-weight: 600; }
/* Hidden, and kept: its content stays. */
.kling .kling-gone { display: none !important; }
/* Beside the labels, or at the left edge where less than about 300px are there. */
.kling .kling-indent { margin-left: clamp(0px, (100% - 300px) * 99, 118px); }
/* Shots: a row each, its tools behind it or, where there is little room, below it; a bar of their lengths. */
.kling .kling-shot { flex-wrap: wrap; align-items: flex-start; gap: 0 6px; }
.kling .kling-shot > .widget-textarea { flex: 1 1 340px; min-width: 0; max-width: 100%; flex-wrap: wrap; }
.kling .kling-shot > .widget-textarea > textarea { flex: 1 1 180px; min-width: 0; }
.kling .kling-tools { flex: 0 1 auto; flex-wrap: wrap; align-items: center; margin-left: auto; }
.kling .kling-tools .jupyter-button { min-width: 30px; padding: 0; }
.kling .kling-seconds { flex-direction: row-reverse; margin-right: 4px; }
.kling .kling-seconds > .widget-label { width: auto !important; margin: 0 4px; }
.kling .kling-seconds > input { width: 58px; flex: 0 0 auto; }
.kling .kling-sum { align-items: center; }
.kling .kling-lengths { display: flex; position: relative; height: 20px; margin: 4px 2px 0; border-radius: 4px;
  overflow: hidden; background: var(--kling-code); }
.kling .kling-lengths > i { flex: 0 0 auto; box-sizing: border-box; overflow: hidden; font-style: normal;
  font-size: 12px; line-height: 20px; text-align: center; color: #fff; background: var(--jp-brand-color0, #1565c0);
  box-shadow: inset -2px 0 var(--jp-layout-color0, #fff); }
.kling .kling-lengths > i:last-of-type { box-shadow: none; }
.kling .kling-lengths > b { position: absolute; top: 0; bottom: 0; right: 0;
  border-left: 3px solid var(--kling-error);
  background: repeating-linear-gradient(135deg, rgba(0, 0, 0, .45) 0 4px, rgba(0, 0, 0, .2) 4px 8px); }
/* Camera: a slider with a word at each end, and a picture of where the frame goes. */
.kling .kling-camera .widget-toggle-buttons > div { flex: 1 1 280px; }
.kling .kling-camera .widget-dropdown { flex-wrap: wrap; height: auto; }
.kling .kling-camera .widget-dropdown > select { flex: 1 1 160px; height: var(--jp-widgets-inline-height, 28px); }
.kling .kling-amount { width: 480px; max-width: 100%; flex-wrap: wrap; height: auto; }
.kling .kling-amount > .widget-label { width: 110px !important; text-align: left; }
.kling .kling-amount > .slider-container { flex: 1 1 100px; min-width: 0; }
.kling .kling-ends { display: flex; justify-content: space-between; max-width: 290px; font-size: .9em;
  margin: -4px clamp(0px, (100% - 300px) * 99, 80px) 2px clamp(0px, (100% - 300px) * 99, 118px);
  color: var(--kling-dim); }
.kling .kling-view { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: center; margin-bottom: 8px; }
.kling .kling-view > svg { flex: 0 0 auto; width: 192px; max-width: 100%; border-radius: 4px;
  border: 1px solid var(--kling-line); color: var(--kling-text); }
.kling .kling-view > div { flex: 1 1 180px; }
.kling .kling-lens { stroke: var(--kling-brand); stroke-width: 2.5; fill: var(--kling-brand); fill-opacity: .12;
  transform: var(--kling-end); }
.kling .kling-moving { animation: kling-move 1.4s ease-in-out .2s backwards; }
@keyframes kling-move { from { transform: none; } to { transform: var(--kling-end); } }
@media (prefers-reduced-motion: reduce) { .kling .kling-moving { animation: none; } }
/* Pictures, clips and sounds: a small picture or a player, and what is known of it. */
.kling .kling-look { display: flex; flex-wrap: wrap; align-items: center; gap: 2px 10px; min-width: 0;
  overflow-wrap: anywhere; margin: 2px 2px 6px; }
.kling .kling-thumb { max-width: min(160px, 100%); max-height: 96px; min-height: 20px; box-sizing: border-box;
  border: 1px solid var(--kling-line); border-radius: 4px; }
/* Shows only where the picture does not come. */
.kling .kling-thumb::after { content: " cannot be shown here; the service may still be able to read it."; }
/* A link is typed letter by letter: a picture far away is not fetched, and each letter begins the wait anew. */
.kling .kling-late { animation: kling-late 0s linear .6s backwards; }
@keyframes kling-late { from { transform: translateY(-100000px); } }
.kling .kling-player { max-width: min(360px, 100%); max-height: 200px; }
.kling .kling-reference { flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 0 6px; }
.kling .kling-reference > .widget-html { flex: 1 1 200px; min-width: 0; }
.kling .kling-reference .kling-look > div { flex: 1 1 120px; min-width: 0; }
.kling .kling-reference .kling-look > i { min-width: 1.3em; font-style: normal; color: var(--kling-dim); }
.kling .kling-reference .kling-look b { display: block; }
.kling .kling-reference .kling-thumb { flex: 0 0 auto; width: 96px; height: 54px; object-fit: contain;
  background: var(--kling-code); font-size: 10px; line-height: 1.2; }
.kling .kling-reference .jupyter-button:first-child { padding: 0 8px; }
.kling .kling-apart { margin-top: 10px; }
.kling video { max-width: 100%; }
/* The code's copy button. */
.kling .kling-copy { display: flex; align-items: center; gap: 8px; margin: 4px 12px; }
.kling .kling-copy[hidden] { display: none; }
/* Motion brush: tools, the first frame with what is drawn on it, and a row for each region. */
.kling .kling-brush [hidden] { display: none !important; }
.kling .kling-brush-bar, .kling .kling-brush-group { display: flex; flex-wrap: wrap; align-items: center; gap: 4px; }
.kling .kling-brush-bar { gap: 4px 16px; margin: 6px 2px; }
.kling .kling-brush-bar .jupyter-button { min-width: 0; padding: 0 9px; }
.kling .kling-brush-bar .jupyter-button[aria-pressed=true] { background: var(--jp-brand-color0, #1565c0); color: #fff; }
.kling .kling-brush-bar .jupyter-button[aria-disabled=true] { opacity: .5; cursor: default; }
.kling .kling-brush-bar input { width: 110px; accent-color: var(--kling-brand); }
.kling .kling-brush-bar output { min-width: 4.5em; }
.kling .kling-brush-dot { display: inline-block; width: 11px; height: 11px; border-radius: 50%; margin-right: 6px;
  box-shadow: 0 0 0 1px #000, 0 0 0 2px #fff; }
.kling .kling-brush-stage { position: relative; background: var(--kling-code); }
.kling .kling-brush-stage > * { position: absolute; inset: 0; width: 100%; height: 100%; max-width: none; }
.kling .kling-brush-stage > canvas { touch-action: none; cursor: crosshair; }
.kling .kling-brush-stage > canvas:focus-visible { outline: 2px solid var(--kling-brand); outline-offset: 1px; }
.kling .kling-brush-said { display: flex; justify-content: space-between; gap: 12px; margin: 2px; line-height: 1.5; }
.kling .kling-region { align-items: flex-start; }
.kling .kling-region > .widget-html { width: 20px; padding: 4px 0 0 4px; }
.kling .kling-region > .widget-text, .kling .kling-region > .widget-textarea { flex: 1 1 260px; min-width: 0; }
.kling .kling-region .widget-label { width: 60px !important; }
</style>"""

# Tables are shown by themselves, and saved: they bring only what they need.
TABLE_STYLE = f"<style>\n.kling-table {{{COLOURS}" + """  color: var(--kling-text); overflow-x: auto; max-width: 100%; }
.kling-table:focus-visible { outline: 2px solid var(--kling-brand); outline-offset: 1px; }
.kling-table table { border-collapse: separate; border-spacing: 0; margin: 0; font-size: 12px; line-height: 1.4;
  table-layout: auto; }
.kling-table tr { background: var(--jp-layout-color0, Canvas); }
.kling-table.kling-table th, .kling-table.kling-table td { text-align: left; vertical-align: top; padding: 3px 5px;
  white-space: normal; max-width: none; border-bottom: 1px solid var(--kling-line); }
.kling-table.kling-table thead th { vertical-align: bottom; font-weight: 600; }
.kling-table.kling-table tr > :first-child { position: sticky; left: 0; background: inherit; white-space: nowrap; }
.kling-table.kling-table .kling-long { min-width: 8em; }
.kling-table [role=img] { white-space: nowrap; }
.kling-table-note { margin: 6px 0 0; font-size: 12px; color: var(--jp-ui-font-color2, #6b6b6b); }
/* The code's copy button. */
.kling .kling-copy { display: flex; align-items: center; gap: 8px; margin: 4px 12px; }
.kling .kling-copy[hidden] { display: none; }
/* Motion brush: tools, the first frame with what is drawn on it, and a row for each region. */
.kling .kling-brush [hidden] { display: none !important; }
.kling .kling-brush-bar, .kling .kling-brush-group { display: flex; flex-wrap: wrap; align-items: center; gap: 4px; }
.kling .kling-brush-bar { gap: 4px 16px; margin: 6px 2px; }
.kling .kling-brush-bar .jupyter-button { min-width: 0; padding: 0 9px; }
.kling .kling-brush-bar .jupyter-button[aria-pressed=true] { background: var(--jp-brand-color0, #1565c0); color: #fff; }
.kling .kling-brush-bar .jupyter-button[aria-disabled=true] { opacity: .5; cursor: default; }
.kling .kling-brush-bar input { width: 110px; accent-color: var(--kling-brand); }
.kling .kling-brush-bar output { min-width: 4.5em; }
.kling .kling-brush-dot { display: inline-block; width: 11px; height: 11px; border-radius: 50%; margin-right: 6px;
  box-shadow: 0 0 0 1px #000, 0 0 0 2px #fff; }
.kling .kling-brush-stage { position: relative; background: var(--kling-code); }
.kling .kling-brush-stage > * { position: absolute; inset: 0; width: 100%; height: 100%; max-width: none; }
.kling .kling-brush-stage > canvas { touch-action: none; cursor: crosshair; }
.kling .kling-brush-stage > canvas:focus-visible { outline: 2px solid var(--kling-brand); outline-offset: 1px; }
.kling .kling-brush-said { display: flex; justify-content: space-between; gap: 12px; margin: 2px; line-height: 1.5; }
.kling .kling-region { align-items: flex-start; }
.kling .kling-region > .widget-html { width: 20px; padding: 4px 0 0 4px; }
.kling .kling-region > .widget-text, .kling .kling-region > .widget-textarea { flex: 1 1 260px; min-width: 0; }
.kling .kling-region .widget-label { width: 60px !important; }
</style>"""
