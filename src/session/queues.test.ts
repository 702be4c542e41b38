import { expect, it } from 'vitest'
import { createDeferred } from '../clock.ts'
import { createQueues } from './queues.ts'

it('runs work of one key in order, and of other keys meanwhile', async () => {
  const queues = createQueues<string, string>()
  const first = createDeferred<string>()
  const begun: string[] = []
  const work = (name: string, result: Promise<string>) => async () => {
    begun.push(name)
    return result
  }
  const one = queues.run('a', work('a1', first.promise))
  const two = queues.run('a', work('a2', Promise.resolve('second')))
  expect(await queues.run('b', work('b1', Promise.resolve('other')))).toBe('other')
  expect(begun).toEqual(['a1', 'b1'])
  first.resolve('first')
  expect(await Promise.all([one, two])).toEqual(['first', 'second'])
})

it('goes on after work that fails, and forgets what has ended', async () => {
  const queues = createQueues<string, string>()
  const failed = queues.run('a', async () => {
    throw new Error('no')
  })
  expect(await queues.newest('a')).toBeUndefined()
  expect(queues.newest('a')).toBeUndefined()
  await expect(failed).rejects.toThrow('no')
  const next = queues.run('a', async () => 'yes')
  expect(await queues.newest('a')).toBe('yes')
  expect(await next).toBe('yes')
})
