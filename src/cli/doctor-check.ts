/** What a check of `doctor` is, and what it finds. */
import { type Config, serverUrl } from '../config.ts'
import { type Api, ApiError, openApi } from './client.ts'
import type { MachineView } from './doctor-machine.ts'
import type { Answering } from './who-answers.ts'

/**
 * `problem`: the server does not work until a person does the next step. `warning`: the server works, or corrects this
 * at the next start, but a person should read it.
 */
export type Level = 'ok' | 'warning' | 'problem'

export type Finding = {
  check: string
  level: Level
  /** One sentence. */
  says: string
  /** The next step; null if none is needed. */
  next: string | null
}

/** `key`: for the server; null: none. */
export type Situation = {
  config: Config
  machine: MachineView
  answering: Answering
  key: string | null
}

export type Check = { name: string; run(situation: Situation): Promise<Verdict> }

export type Verdict = Omit<Finding, 'check'>

export const ok = (says: string): Verdict => ({ level: 'ok', says, next: null })
export const warning = (says: string, next: string): Verdict => ({ level: 'warning', says, next })
export const problem = (says: string, next: string): Verdict => ({ level: 'problem', says, next })

/** The situation while the server that responds uses this directory. */
export type Served = Situation & { answering: Extract<Answering, { who: 'server' }> }

/** True if the server that responds uses this directory. */
export function isServed(situation: Situation): situation is Served {
  const { answering, config } = situation
  return answering.who === 'server' && answering.status.auth_dir === config.authDir
}

/** Returns a client of the server at the address of the settings. */
export function apiOf({ config, key }: Pick<Situation, 'config' | 'key'>): Api {
  return openApi({ url: serverUrl(config.host, config.port), isNamed: true, key })
}

/** The response of the server to this GET; null if it returns an error, which another check explains. */
export async function askServer<T>(situation: Situation, path: string): Promise<T | null> {
  try {
    return await apiOf(situation).get<T>(path)
  } catch (error) {
    if (error instanceof ApiError) return null
    throw error
  }
}
