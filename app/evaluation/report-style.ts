/**
 * The style sheet of the printed report. It stands alone so that whoever serves the report can allow exactly this text
 * in its content security policy.
 */
export const reportStyle = `
:root { --ink: #1d1a24; --soft: #5d5868; --line: #d9d5e0; --wash: #f5f3f8; --violet: #5a3d9e; --rose: #a8324f; }
* { box-sizing: border-box; }
html { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
body { margin: 0 auto; max-width: 800px; padding: 40px 36px 56px; color: var(--ink); background: #fff;
  font: 14px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', sans-serif;
  font-variant-numeric: tabular-nums; }
header { border-bottom: 2px solid var(--ink); padding-bottom: 14px; }
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font-size: 17px; margin: 36px 0 8px; break-after: avoid; }
h3 { font-size: 14px; margin: 20px 0 6px; break-after: avoid; }
p { margin: 6px 0; max-width: 68ch; }
.soft { color: var(--soft); }
.small { font-size: 12px; }
.ruo { margin: 12px 0 0; padding: 8px 12px; border-left: 4px solid var(--rose); background: #fbf3f5; font-weight: 600; max-width: none; }
.cards { display: grid; grid-template-columns: repeat(3, 1fr); gap: 12px; margin: 20px 0 0; break-inside: avoid; }
.card { border: 1px solid var(--line); border-radius: 6px; padding: 12px 14px; }
.card .name { color: var(--soft); font-size: 12px; }
.card .value { font-size: 24px; line-height: 1.3; font-weight: 600; }
.card .value.none { font-size: 15px; font-weight: 400; color: var(--soft); padding: 6px 0; }
.card .note { font-size: 12px; color: var(--soft); }
table { border-collapse: collapse; width: 100%; margin: 8px 0 4px; break-inside: avoid; }
th, td { text-align: right; padding: 5px 10px; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; font-size: 12px; color: var(--soft); border-bottom-color: #b8b2c4; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
th:last-child, td:last-child { padding-right: 0; }
tfoot td { font-weight: 600; border-bottom: none; }
table.facts th { width: 200px; text-align: left; font-weight: 400; font-size: 14px; border-bottom-color: var(--line); }
table.facts td { text-align: left; overflow-wrap: anywhere; }
table.confusion { width: auto; }
table.confusion td { min-width: 74px; text-align: center; padding: 7px 10px; border: 1px solid #fff; }
table.confusion th { text-align: center; }
table.confusion th[scope='row'] { text-align: right; color: var(--ink); font-size: 14px; font-weight: 400; border-bottom: none; padding-right: 12px; vertical-align: middle; }
td.s0 { background: #f7f5fa; } td.s1 { background: #ece7f5; } td.s2 { background: #d9cfec; } td.s3 { background: #c1b1e0; }
td.s4 { background: #a48fd1; } td.s5 { background: #8468bd; color: #fff; } td.s6 { background: #62459f; color: #fff; }
.swatch { display: inline-block; width: 11px; height: 11px; margin-right: 7px; vertical-align: -1px; }
.hash { font-family: ui-monospace, 'SF Mono', Menlo, Consolas, 'Liberation Mono', monospace; font-size: 11.5px; overflow-wrap: anywhere; }
figure { margin: 10px 0; break-inside: avoid; }
figcaption { font-size: 12px; color: var(--soft); margin-top: 4px; }
svg { display: block; width: 100%; height: auto; font-size: 11px; font-family: inherit; }
svg text { fill: var(--soft); } svg text.strong { fill: var(--ink); }
.axis { stroke: #b8b2c4; stroke-width: 1; } .gridline { stroke: #ece9f1; stroke-width: 1; }
.band { fill: var(--wash); } .train { fill: none; stroke: #8a8496; stroke-width: 1.6; stroke-dasharray: 5 3; }
.validation { fill: none; stroke: var(--violet); stroke-width: 2.2; stroke-linejoin: round; }
.rate { fill: none; stroke: var(--ink); stroke-width: 1; }
.best { stroke: var(--rose); stroke-width: 1.2; } .bestDot { fill: var(--rose); } svg text.bestWord { fill: var(--rose); font-weight: 600; }
.bar { fill: #b7abd3; } .bar.chosen { fill: var(--violet); } .whisker { stroke: var(--ink); stroke-width: 1.2; }
ul { margin: 6px 0; padding-left: 20px; } li { margin: 4px 0; max-width: 68ch; }
footer { margin-top: 40px; padding-top: 10px; border-top: 1px solid var(--line); font-size: 12px; color: var(--soft); }
@page { size: A4; margin: 16mm 14mm 18mm; }
@media print { body { padding: 0; max-width: none; font-size: 11.5px; } .card .value { font-size: 20px; } h2 { margin-top: 24px; } }
`;
