import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { MUTATIONS } from './mutations.ts'

it('every fault still has its place in the source, exactly once', () => {
  const source = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
  const lost = MUTATIONS.filter(({ file, find }) => source(file).split(find).length !== 2)
  expect(lost.map(({ file, name }) => `${file}: ${name}`)).toEqual([])
})
