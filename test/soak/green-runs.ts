/** The days and builds with which all tests passed on this very commit, so that a run that was broken off goes on. */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'

export type GreenRuns = {
  has(name: string): boolean
  add(name: string): void
}

/**
 * Those of the checkout at `cwd`, in a file beside its index. With changes that are not committed, or without Git, none is ever
 * green.
 */
export function greenRuns(cwd: string): GreenRuns {
  const git = (...args: string[]) => {
    const { status, stdout } = spawnSync('git', args, { cwd, encoding: 'utf8' })
    return status === 0 ? stdout.trim() : null
  }
  const commit = git('status', '--porcelain') === '' ? git('rev-parse', 'HEAD') : null
  const path = git('rev-parse', '--git-path', 'soak-green.json')
  if (commit === null || path === null) return { has: () => false, add: () => {} }
  const file = resolve(cwd, path)
  return {
    has: (name) => read(file, commit).has(name),
    add: (name) => writeFileSync(file, JSON.stringify({ commit, names: [...read(file, commit).add(name)] })),
  }
}

function read(file: string, commit: string): Set<string> {
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8'))
    return new Set(kept.commit === commit ? kept.names : [])
  } catch {
    return new Set()
  }
}
