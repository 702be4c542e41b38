/** The days on which all tests passed on this very commit, so that a run that was broken off goes on. */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'

export type GreenDays = {
  has(name: string): boolean
  add(name: string): void
}

/**
 * Those of the checkout at `cwd`, in a file beside its index. With changes that are not committed, or without Git, no day is ever
 * green.
 */
export function greenDays(cwd: string): GreenDays {
  const git = (...args: string[]) => {
    const { status, stdout } = spawnSync('git', args, { cwd, encoding: 'utf8' })
    return status === 0 ? stdout.trim() : null
  }
  const commit = git('status', '--porcelain') === '' ? git('rev-parse', 'HEAD') : null
  const path = git('rev-parse', '--git-path', 'soak-days.json')
  if (commit === null || path === null) return { has: () => false, add: () => {} }
  const file = resolve(cwd, path)
  const days = new Set(read(file, commit))
  return {
    has: (name) => days.has(name),
    add(name) {
      days.add(name)
      writeFileSync(file, JSON.stringify({ commit, days: [...days] }))
    },
  }
}

function read(file: string, commit: string): string[] {
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8'))
    return kept.commit === commit ? kept.days : []
  } catch {
    return []
  }
}
