/** The HTML document at https://web.whatsapp.com/: the data for this load of the page, and its script. */
import type { Boot } from '../wire.ts'

/** Path of the page's script on the double's host. */
export const scriptPath = '/simulator-page.js'

/** Document for one load. */
export function toDocument(boot: Boot): string {
  const facts = JSON.stringify(boot).replaceAll('<', '\\u003c')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>WhatsApp (double)</title>
<style>body{font:16px system-ui;margin:3rem;color:#333} #status{white-space:pre-wrap}</style>
</head>
<body>
<h1>WhatsApp Web, as a double</h1>
<p>This page stands in for WhatsApp Web in tests and in the sandbox. No message leaves this machine.</p>
<p id="status"></p>
<script id="boot" type="application/json">${facts}</script>
<script src="${scriptPath}"></script>
</body>
</html>
`
}
