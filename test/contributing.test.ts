/** The operation that CONTRIBUTING shows is the one that exists. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

it('the diff of an operation is that of the files', () => {
  const [, diff = ''] = /```diff\n(.*?)```/s.exec(read('CONTRIBUTING.md')) ?? []
  const files = diff.split(/^--- .*\n\+\+\+ b\//m).slice(1)
  expect(files).toHaveLength(3)
  for (const [path = '', ...lines] of files.map((file) => file.trimEnd().split('\n'))) {
    const text = read(path)
    for (const line of lines) expect(text, path).toContain(line.slice(1).replace(' …', ''))
  }
})
