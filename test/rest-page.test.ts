/** The reference of REST: what is printed there can be typed as it is. */
import { describe, expect, it } from 'vitest'
import { restPage } from '../scripts/rest-page.ts'
import { ERRORS } from '../src/errors.ts'
import { ROWS } from '../src/operations/index.ts'

const sections = restPage().split(/^## /m)
/** By the line of its routes: texts name other operations too. */
const sectionOf = (name: string) =>
  sections.find((section) => new RegExp(`^\`[A-Z]+ .*\\(\`${name}\`\\)$`, 'm').test(section)) ??
  expect.fail(`no ${name}`)

/** A family, such as `archive_*`, stands for all codes that begin so. */
const named = (code: string) =>
  code.endsWith('*') ? Object.keys(ERRORS).filter((one) => one.startsWith(code.slice(0, -1))) : [code]

/** Some operations are tools only. */
const WITH_ROUTES = ROWS.filter(({ routes }) => routes.length > 0)

describe.each(WITH_ROUTES.map((operation) => [operation.name, operation] as const))(
  '%s',
  (name, operation) => {
    it('has a call whose address is one word, with all that stands in the path', () => {
      const [, path = ''] = operation.routes[0]?.split(' ') ?? []
      const [, address = ''] = /^curl .*?"\$WHATSAPP_MCP_URL([^"\s`$\\]*)"/m.exec(sectionOf(name)) ?? []
      const typed = new URL(address, 'http://server').pathname.split('/').map(decodeURIComponent)
      const input: Record<string, unknown> = { account: 'work', ...Object(operation.example.input) }
      const meant = path
        .split('/')
        .map((part) => (part.startsWith('{') ? String(input[part.slice(1, -1)]) : part))
      expect(typed).toEqual(meant)
    })

    it('lists each of its codes once', () => {
      const [, list = ''] = /Error codes: (.*)\.$/m.exec(sectionOf(name)) ?? []
      const codes = list.match(/[a-z_*]+/g)?.flatMap(named) ?? []
      expect(codes.sort()).toEqual([...new Set(operation.errors)].sort())
    })
  },
)

it('says of each field what it is, also where several forms are accepted', () => {
  expect(restPage()).not.toMatch(/^ *- `\w+`: *$/m)
  expect(sectionOf('send_media')).toContain('  - `upload`: Id of a file')
})
