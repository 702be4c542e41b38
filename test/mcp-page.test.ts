/** The page on MCP: what is derived in it is never lost in silence. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { mcpPage } from '../scripts/mcp-page.ts'
import { toolName } from '../src/faces/mcp/words.ts'
import { OPERATIONS } from '../src/operations/index.ts'

const page = readFileSync(resolve(import.meta.dirname, '../docs/mcp.md'), 'utf8')

describe('docs/mcp.md', () => {
  it.each(OPERATIONS.flatMap((one) => toolName(one) ?? []))('has %s in its table', (name) => {
    expect(page).toMatch(new RegExp(`^\\| .*\`${name}\`.* \\|$`, 'm'))
  })

  it('is as the tools are now', () => {
    expect(mcpPage(page)).toBe(page)
  })

  it.each(['| toolset | for | tools |', 'tokens (o200k_base)'])('is not made without "%s"', (place) => {
    expect(() => mcpPage(page.replace(place, ''))).toThrow('docs/mcp.md has no')
  })
})
