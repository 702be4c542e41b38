/** The workflow for public CI: it runs what a developer runs, on the systems and versions that are promised. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { FAMILIES } from '../src/metrics/families.ts'

const ROOT = resolve(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')

const Job = z.object({
  'runs-on': z.string(),
  strategy: z.object({ matrix: z.object({ os: z.array(z.string()), node: z.array(z.string()) }) }).optional(),
  steps: z.array(z.object({ run: z.string().optional() })),
})
const { jobs } = z
  .object({ jobs: z.object({ test: Job, check: Job, image: Job }) })
  .parse(parse(read('.github/workflows/ci.yml')))
const scripts = z.object({
  scripts: z.record(z.string(), z.string()),
  engines: z.object({ node: z.string() }),
})
const PACKAGE = scripts.parse(JSON.parse(read('package.json')))
const linesOf = ({ steps }: z.infer<typeof Job>) =>
  steps.flatMap(({ run = '' }) => run.split('\n').map((line) => line.trim()))

it('runs npm test on Linux, macOS and Windows, with the oldest version of Node and with 22 and 24', () => {
  const { os, node } = jobs.test.strategy?.matrix ?? { os: [], node: [] }
  expect(os.map((name) => name.split('-')[0])).toEqual(['ubuntu', 'macos', 'windows'])
  expect(node.map((version) => version.split('.')[0])).toEqual(['20', '22', '24'])
  expect(PACKAGE.engines.node).toContain(node[0]?.split('.').slice(0, 2).join('.'))
  expect(linesOf(jobs.test)).toContain('npm test')
})

it('runs only scripts that exist', () => {
  const ran = [jobs.test, jobs.check].flatMap(linesOf).filter((line) => line.startsWith('npm '))
  expect(ran.length).toBeGreaterThan(2)
  for (const line of ran) expect(PACKAGE.scripts).toHaveProperty(line.replace(/^npm (run )?/, '').split(' '))
})

it('sets the container up with the commands of docs/deploy.md', () => {
  const [, block = ''] = /^```sh once\n([\s\S]*?)^```$/m.exec(read('docs/deploy.md')) ?? []
  const image = linesOf(jobs.image)
  for (const line of block.trim().split('\n'))
    expect(
      image.some((one) => one.startsWith(line)),
      line,
    ).toBe(true)
})

it.each(['docs/deploy.md', 'docs/metrics.md', 'docs/accounts.md'])(
  '%s names only metrics that exist',
  (page) => {
    const named = [...read(page).matchAll(/`(whatsapp_[a-z_]+)/g)].map(([, name]) => name)
    const known = FAMILIES.map(({ name }) => name)
    expect(named.filter((name) => name !== undefined && !known.includes(name))).toEqual([])
  },
)
