/** Writes docs/whatsapp-web.md: what works on which build, as test/link.test.ts found it on the double, and what is repaired. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PIECES } from '../src/engine/wweb/compat/pieces.ts'

/** One file for each build: the state of each operation that uses WhatsApp Web. */
const FOUND = join(import.meta.dirname, '../test/snapshots/builds')

/** Returns the builds that the tests know, newest first, with the state of each operation on them. */
export function foundOnBuilds(): { name: string; states: Record<string, string> }[] {
  return readdirSync(FOUND)
    .sort()
    .reverse()
    .map((file) => {
      const states: Record<string, string> = JSON.parse(readFileSync(join(FOUND, file), 'utf8'))
      return { name: file.replace('.json', ''), states }
    })
}

export function buildsPage(): string {
  const builds = foundOnBuilds()
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return `# Builds of WhatsApp Web

WhatsApp serves about seven new builds of WhatsApp Web a day, and this server drives whichever it gets. After each start the server looks
for every module and function that its operations need, without calling them. \`GET /api/capabilities\` returns the result for each
operation, and \`whatsapp-mcp-api doctor\` lists what is broken:

| state | meaning |
|---|---|
| \`works\` | Nothing that the operation needs is missing on this build. |
| \`broken\` | The operation, or a part of it, does not work. \`why\` names what is missing, or the call that failed in the page; \`since_at\` is the time. A later success sets it back. |
| \`unknown\` | The build is newer than those that this version was made for and nothing known is missing, or no build was checked yet. |

A call that needs what is missing returns \`not_supported_by_whatsapp_web\` (501) with the build and the missing functions; nothing was done.
If the link itself cannot load, the session is \`disconnected\` with the reason \`unsupported\`, and the server tries again every half hour.
Reading from the archive always works.

## What works on which build

Found by a test that runs the example of each operation on simulated builds. \`refused\`: nothing is missing, and WhatsApp's server rejects
the change on this build. [Operations](operations.md) lists every operation with the builds on which it works.

${row(['build', 'what does not work'])}
${row(['---', '---'])}
${builds.map(({ name, states }) => row([`\`${name}\``, brokenOf(states)])).join('\n')}

## What is repaired

whatsapp-web.js 1.34.7 is older than these builds. Each repair looks itself whether the build needs it:

| repair | builds | without it | source |
|---|---|---|---|
${PIECES.map(({ name, builds: needed, mends, source }) => row([`\`${name}\``, needed, mends, source])).join('\n')}
`
}

function brokenOf(states: Readonly<Record<string, string>>): string {
  const broken = Object.entries(states).filter(([, state]) => state !== 'works')
  return broken.map(([operation, state]) => `\`${operation}\`: ${state}`).join('<br>') || 'nothing'
}
