/** docs/operations.md: every operation in one table, with what it needs and where it works. */
import { toolName } from '../src/faces/mcp/words.ts'
import { isReading, ROWS } from '../src/operations/index.ts'
import type { Row } from '../src/operations/operation.ts'
import { foundOnBuilds } from './builds-page.ts'

/** Returns the text of the page. */
export function operationsPage(): string {
  const builds = foundOnBuilds()
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const heads = ['operation', 'route', 'tool', 'toolset', 'scope', 'effect', 'works on']
  return `# Operations

Every operation of this server, with the route of the [REST API](rest.md), the [tool](mcp.md) of MCP clients, and its toolset. Every route
\`/api/X\` of one account is also \`/api/accounts/{account}/X\`.

- **scope**: the scope that a [key](security.md) needs. \`admin\` has all of them.
- **effect**: \`read\` changes nothing, \`write\` can be undone, \`send\` reaches other people, \`destroy\` cannot be undone.
- **works on**: the [builds of WhatsApp Web](whatsapp-web.md) on which its example did what it says, in a test with the simulated phone as
  the witness. An empty field: it needs none. \`GET /api/capabilities\` says what works on the present build.

${row(heads)}
${row(heads.map(() => '---'))}
${ROWS.map((one) => row(cellsOf(one, builds))).join('\n')}
`
}

function cellsOf(row: Row, builds: ReturnType<typeof foundOnBuilds>): string[] {
  const { name, routes, scope } = row
  const tool = 'effect' in row ? toolName(row) : null
  const effect = 'effect' in row ? row.effect : isReading(row) ? 'read' : 'write'
  const works = builds.filter(({ states }) => states[name] === 'works')
  const where =
    row.uses === undefined
      ? ''
      : works.length === builds.length
        ? 'all'
        : works.map((build) => `\`${build.name}\``).join(' ')
  return [
    `\`${name}\``,
    routes.map((route) => `\`${route}\``).join('<br>'),
    tool === null ? '' : `\`${tool}\``,
    tool === null || !('toolset' in row) ? '' : (row.toolset ?? 'every'),
    scope,
    effect,
    where,
  ]
}
