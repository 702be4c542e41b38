/** Finds out which program responds at the address of the settings, for the doctor and for a start whose port is in use. */
import { type Config, serverUrl } from '../config.ts'
import { DEFAULT_ACCOUNT } from '../model/ids.ts'
import type { Status } from '../model/status.ts'
import { type AccountView, readAccounts } from './account-list.ts'
import { type Api, ApiError, openApi, type Problem } from './client.ts'

/** The program that responds at the address of the settings. */
export type Answering =
  | { who: 'nobody_of_ours' }
  /** Our server, with its status, and the other accounts if it can list them. */
  | { who: 'server'; status: Status; others?: AccountView[]; problem?: Problem }
  /** Our server, run by another user of this computer. It returns no status. */
  | { who: 'other_user' }
  /** Our server, which requires a key for its status. */
  | { who: 'locked' }

/** A program that does not respond within this time counts as another program. */
const ANSWER_MS = 5_000

/**
 * Never rejects. The identity of the program is not verified: show the result to people, but send the program no data.
 * @param key sent to the server. Default: none, which is right unless the process at the port belongs to this user.
 */
export async function identifyListener(
  { host, port }: Pick<Config, 'host' | 'port'>,
  key: string | null = null,
): Promise<Answering> {
  if (port === 0) return { who: 'nobody_of_ours' }
  try {
    const api = openApi({ url: serverUrl(host, port), isNamed: true, key })
    const card = await api.get<{ status?: Status | null }>('/', ANSWER_MS)
    // The client has checked the name.
    if (!card.status) return { who: 'locked' }
    return { who: 'server', status: card.status, ...(await othersOf(api)) }
  } catch (error) {
    if (error instanceof ApiError && error.problem.code === 'other_user') return { who: 'other_user' }
    return { who: 'nobody_of_ours' }
  }
}

/** Returns the accounts beside `default`, or why the server cannot list them. A server of an earlier version has none. */
async function othersOf(api: Api): Promise<{ others?: AccountView[]; problem?: Problem }> {
  try {
    return { others: (await readAccounts(api)).filter(({ id }) => id !== DEFAULT_ACCOUNT) }
  } catch (error) {
    return error instanceof ApiError && error.problem.code !== 'route_not_found'
      ? { problem: error.problem }
      : {}
  }
}
