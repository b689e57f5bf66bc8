/* SPDX-License-Identifier: MIT */
/* The style sheet of HTML reports, a rule a line: compilers need not take string
 * literals of more than 4,095 bytes.  Every pair of text and background has a
 * contrast of at least 4.5 in both schemes (tests/unit/runner_report.c measures). */
#include "report_page.h"

const char *const mf_report_style[] = {
  ":root{color-scheme:light dark;--page:#f6f7f9;--card:#ffffff;--line:#e2e5ea;--text:#1c2128;--dim:#59636e;"
  "--link:#0b5cad;--code:#f1f3f5;--passed:#1a6b33;--passed-bg:#e5f5e9;--passed-bar:#3fa45b;"
  "--failed:#b3242c;--failed-bg:#fdebec;--failed-bar:#d8535b;--warning:#855600;--warning-bg:#fdf3dc;"
  "--warning-bar:#d9a52f;--quiet:#555e69;--quiet-bg:#eceef1;--quiet-bar:#a7afb9}",
  "@media screen and (prefers-color-scheme:dark){:root{--page:#0e1116;--card:#161a21;--line:#2a303a;--text:#e6e9ee;"
  "--dim:#9ba5b1;--link:#7db8f5;--code:#1f252e;--passed:#6fd08c;--passed-bg:#15291c;--passed-bar:#3c9a58;"
  "--failed:#ff9a97;--failed-bg:#331a1c;--failed-bar:#d1504f;--warning:#e3b85a;--warning-bg:#2e2512;"
  "--warning-bar:#b98a24;--quiet:#aeb6c1;--quiet-bg:#242a33;--quiet-bar:#5a6472}}",
  "*{box-sizing:border-box}",
  "html{-webkit-text-size-adjust:100%}",
  "body{margin:0;background:var(--page);color:var(--text);"
  "font:15px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,\"Helvetica Neue\",Arial,sans-serif;"
  "overflow-wrap:anywhere}",
  "main{max-width:1080px;margin:0 auto;padding:40px 24px 32px}",
  "h1,h2,h3,h4,p,ul,dl,dd{margin:0;padding:0}",
  "h1{font-size:28px;line-height:1.25;font-weight:650;letter-spacing:-.015em}",
  "h2{font-size:16px;font-weight:650;margin:36px 0 10px}",
  "h3{font-size:15px;font-weight:600;display:inline}",
  "h4{font-size:13px;font-weight:600;color:var(--dim);margin:18px 0 4px}",
  "a{color:var(--link);text-decoration:none}",
  "a:hover{text-decoration:underline}",
  ":focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:4px}",
  "code,.path{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,\"DejaVu Sans Mono\",monospace}",
  "small,.dim,.path,.kicker,footer{color:var(--dim)}",
  ".kicker{font-size:13px;font-weight:500;margin-bottom:4px}",
  ".count{font-weight:500;color:var(--dim);margin-left:4px}",
  ".card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:6px 20px}",

  ".banner{display:flex;gap:14px;margin:22px 0 14px;padding:16px 20px;border:1px solid;border-radius:10px}",
  ".banner h2{margin:0;font-size:18px;line-height:28px;letter-spacing:.02em}",
  ".banner svg{flex:none;width:28px;height:28px;fill:none;stroke:currentColor;stroke-width:2;"
  "stroke-linecap:round;stroke-linejoin:round}",
  ".banner p,.banner li{color:var(--text)}",
  ".banner ul{list-style:none}",
  ".banner li+li{margin-top:4px}",
  ".banner.passed{background:var(--passed-bg);color:var(--passed);border-color:var(--passed-bar)}",
  ".banner.failed{background:var(--failed-bg);color:var(--failed);border-color:var(--failed-bar)}",
  ".banner.no_data,.banner.unfinished{background:var(--warning-bg);color:var(--warning);border-color:var(--warning-bar)}",

  ".notes{display:flex;flex-wrap:wrap;gap:8px;list-style:none;margin-bottom:14px}",
  ".notes li{font-size:13px;padding:2px 12px;border:1px solid var(--line);border-radius:999px;background:var(--card);color:var(--dim)}",
  ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));gap:1px;background:var(--line);"
  "border:1px solid var(--line);border-radius:10px;overflow:hidden}",
  ".tiles>div{background:var(--card);padding:14px 20px}",
  "dt{font-size:13px;color:var(--dim)}",
  ".tiles dd{font-size:22px;line-height:1.35;font-weight:600;letter-spacing:-.01em;font-variant-numeric:tabular-nums}",
  ".tiles small,.tiles .sub{font-size:13px;font-weight:400;letter-spacing:0}",
  ".tiles .sub{display:block;color:var(--dim)}",
  ".facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(220px,1fr));gap:14px 24px}",
  ".facts.card{padding:16px 20px}",

  ".badge{display:inline-block;font-size:12px;line-height:20px;font-weight:600;padding:0 9px;border-radius:999px;"
  "white-space:nowrap;background:var(--quiet-bg);color:var(--quiet)}",
  ".badge.passed{background:var(--passed-bg);color:var(--passed)}",
  ".badge.failed{background:var(--failed-bg);color:var(--failed)}",
  ".badge.no_data,.badge.warning,.badge.interrupted,.badge.unfinished{background:var(--warning-bg);color:var(--warning)}",

  ".timeline{display:block;margin:12px 0 6px;overflow:hidden}",
  ".timeline text{font-size:13px;fill:var(--text)}",
  ".timeline .time,.timeline .axis{fill:var(--dim);font-variant-numeric:tabular-nums}",
  ".timeline .time{text-anchor:end}",
  ".timeline .axis{font-size:12px;text-anchor:middle}",
  ".timeline .axis.first{text-anchor:start}",
  ".tick{stroke:var(--line)}",
  ".track{fill:var(--quiet-bg)}",
  ".bar{fill:var(--quiet-bar)}",
  ".bar.passed{fill:var(--passed-bar)}",
  ".bar.failed{fill:var(--failed-bar)}",
  ".bar.no_data,.bar.warning,.bar.interrupted,.bar.unfinished{fill:var(--warning-bar)}",

  "table{width:100%;border-collapse:collapse;font-size:14px}",
  "th,td{text-align:left;vertical-align:top;padding:9px 12px 9px 0;font-weight:400}",
  "th:last-child,td:last-child{padding-right:0}",
  "thead th{font-size:13px;color:var(--dim);border-bottom:1px solid var(--line);white-space:nowrap}",
  "tbody tr+tr>*{border-top:1px solid var(--line)}",
  ".num,.steps thead th:nth-child(n+3),.effects thead th:nth-child(n+2){text-align:right;"
  "font-variant-numeric:tabular-nums;white-space:nowrap}",
  ".steps tbody th{font-weight:500}",
  ".assertions th:first-child{width:44%}",
  ".assertions td:nth-child(2),.activity td:nth-child(2){width:110px}",
  ".activity th:first-child{width:36%}",
  ".nested th{padding-left:22px}",
  ".hook th{font-weight:500}",
  ".kind{color:var(--dim);font-weight:400}",
  ".remark{display:block;color:var(--dim)}",
  "td>.remark:first-child{color:inherit}",
  ".branches th:first-child{width:60%}",
  ".values th:first-child{width:40%}",
  ".values td{text-align:right}",
  ".values tbody>tr>*{padding-top:6px;padding-bottom:6px}",
  ".values thead th:last-child{text-align:right}",
  ".values code{text-align:left}",
  ".logs td:first-child{width:1%}",
  ".logs thead th:first-child{text-align:right}",
  ".logs td:nth-child(2){width:80px;color:var(--dim)}",
  ".logs .message{white-space:pre-wrap}",
  ".rest{padding:8px 0;color:var(--dim);font-size:14px}",
  ".pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));gap:0 24px;align-items:start}",
  ".messages{list-style:none;padding:4px 0}",
  ".messages li{padding:6px 0;white-space:pre-wrap}",
  ".messages li+li{border-top:1px solid var(--line)}",

  ".step{background:var(--card);border:1px solid var(--line);border-radius:10px;margin-bottom:8px;scroll-margin-top:12px}",
  ".step:target{border-color:var(--link)}",
  "summary{display:flex;flex-wrap:wrap;align-items:center;gap:4px 12px;padding:11px 20px;cursor:pointer;list-style:none}",
  "summary::-webkit-details-marker{display:none}",
  "summary::before{content:\"\";flex:none;width:7px;height:7px;border:solid var(--dim);border-width:0 2px 2px 0;"
  "transform:rotate(-45deg)}",
  "[open]>summary::before{transform:rotate(45deg)}",
  "summary h3{flex:1 1 240px}",
  "summary .facts{display:inline;font-size:13px;color:var(--dim);font-variant-numeric:tabular-nums}",
  ".body{padding:2px 20px 18px;border-top:1px solid var(--line)}",
  ".body .path{margin-top:12px}",
  ".error{margin-top:12px;padding:9px 14px;border-radius:8px;background:var(--failed-bg);color:var(--failed);white-space:pre-wrap}",
  ".metrics{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:10px 24px;margin-top:6px}",
  ".metrics dd{font-variant-numeric:tabular-nums}",
  "footer{font-size:13px;margin-top:32px}",

  /* On a narrow screen a row of a table becomes a block with labelled values. */
  "@media screen and (max-width:680px){",
  "main{padding:24px 14px}",
  "h1{font-size:23px}",
  ".card{padding:4px 14px}",
  ".banner{padding:14px;gap:10px}",
  ".tiles{grid-template-columns:1fr 1fr}",
  ".tiles>div{padding:11px 14px}",
  ".tiles dd{font-size:19px}",
  "summary{padding:11px 14px}",
  ".body{padding:2px 14px 14px}",
  ".steps thead,.assertions thead,.activity thead,.branches thead,.effects thead,.logs thead"
  "{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}",
  ".steps tbody tr,.assertions tbody tr,.activity tbody tr,.branches tbody tr,.effects tbody tr,.logs tbody tr"
  "{display:flex;flex-wrap:wrap;gap:2px 18px;padding:10px 0}",
  ".steps tbody tr>*,.assertions tbody tr>*,.activity tbody tr>*,.branches tbody tr>*,.effects tbody tr>*,"
  ".logs tbody tr>*{border:0;padding:0;width:auto!important;text-align:left;white-space:normal}",
  ".steps tbody th,.assertions tbody th,.activity tbody th,.effects tbody th{flex:1 1 70%}",
  ".steps tr+tr,.assertions tr+tr,.activity tr+tr,.branches tr+tr,.effects tr+tr,.logs tr+tr{border-top:1px solid var(--line)}",
  ".branches tbody th{flex:1 1 100%}",
  ".steps tbody .empty{display:none}",
  ".logs .message{flex:1 1 100%}",
  ".activity .nested{padding-left:16px}",
  "td[data-label]::before{content:attr(data-label) \" \";color:var(--dim);font-size:13px}",
  "}",

  "@media print{",
  "body{background:none;font-size:12px}",
  "main{max-width:none;padding:0}",
  ".card,.step,.banner,.tiles{break-inside:avoid}",
  "#steps+.card,#logs+.card,#metrics+.card,#variables+.card{break-inside:auto}",
  "tr{break-inside:avoid}",
  "thead{display:table-header-group}",
  "h2{break-after:avoid}",
  "details::details-content{content-visibility:visible;display:block;height:auto}",
  "*{print-color-adjust:exact;-webkit-print-color-adjust:exact}",
  "}",
  NULL,
};
