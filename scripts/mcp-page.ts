/** docs/mcp.md: written by hand, except the table of tools and their size. */
import { toolName } from '../src/faces/mcp/words.ts'
import { TOOLSET_NAMES, TOOLSETS, type Toolset } from '../src/model/toolsets.ts'
import { OPERATIONS } from '../src/operations/index.ts'
import { toolTokens } from './tool-tokens.ts'

const SIZES = /(The tools\sof `core` are )[\d,]+( tokens \(o200k_base\), those of all toolsets )[\d,]+/
const TABLE = /(\| toolset \| for \| tools \|\n\|---\|---\|---\|\n)(?:\|.*\n)*/

/** Returns the page with the present tools and their size. @throws Error if it has no place for them */
export function mcpPage(page: string): string {
  for (const place of [SIZES, TABLE]) if (!place.test(page)) throw new Error(`docs/mcp.md has no ${place}`)
  const { core, all } = toolTokens()
  const [now, nowAll] = [core.toLocaleString('en'), all.toLocaleString('en')]
  return page.replace(SIZES, `$1${now}$2${nowAll}`).replace(TABLE, `$1${toolRows().join('')}`)
}

/** Returns a row for each toolset, with its tools in the order of the table. */
function toolRows(): string[] {
  const row = (toolset: Toolset | null, purpose: string) => {
    const tools = OPERATIONS.filter((one) => one.toolset === toolset).flatMap((one) => toolName(one) ?? [])
    return `| ${toolset === null ? 'every' : `\`${toolset}\``} | ${purpose} | ${tools.map((one) => `\`${one}\``).join(', ')} |\n`
  }
  return [
    ...TOOLSET_NAMES.map((name) => row(name, TOOLSETS[name])),
    row(null, 'Finding other tools, and switching them on.'),
  ]
}
