/** What `npm run check:mcp` makes of its runs: a check that looked at nothing is none. */
import { expect, it } from 'vitest'
import { verdictOf, verdictWithout } from '../scripts/setup/verdict.mjs'

const run = (name: string, passed: number, failed = 0) => ({ name, passed, failed })

it('is good where every run looked at something, and found nothing', () => {
  expect(verdictOf([run('one', 30), run('two', 1)])).toEqual({ code: 0, says: [] })
})

it('fails where one run looked at nothing, whatever the others did', () => {
  expect(verdictOf([run('one', 30), run('two', 0)])).toEqual({ code: 1, says: ['two: nothing was checked'] })
  expect(verdictOf([])).toMatchObject({ code: 1 })
})

it('fails where one run found something', () => {
  expect(verdictOf([run('one', 30, 2), run('two', 5)])).toEqual({ code: 1, says: ['one: 2 failed'] })
})

it.each([
  [{}, 0, /^skipped: no Node/],
  [{ CI: '' }, 0, /^skipped: no Node/],
  [{ CI: 'false' }, 0, /^skipped: no Node/],
  [{ CI: 'true' }, 1, /^failed, .*no Node/],
  [{ CI: '1' }, 1, /^failed, .*no Node/],
])('without a Node for the validators, in %j: exit code %i', (env, code, says) => {
  const verdict = verdictWithout(env, 'no Node')
  expect(verdict).toEqual({ code, says: [expect.stringMatching(says)] })
})
