/** Who answers at the address of the settings: for the doctor, and for a start that finds the port taken. */
import { type Config, serverUrl } from '../config.ts'
import type { Status } from '../model/status.ts'
import { ApiError, openApi } from './client.ts'

/** Who answers at the address of the settings. */
export type Answering =
  | { who: 'nobody_of_ours' }
  /** Our server, with its status. */
  | { who: 'server'; status: Status }
  /** Our server, of another user of this computer: it tells us nothing. */
  | { who: 'other_user' }

/** A server that does not answer within this time counts as something else on its port. */
const ANSWER_MS = 5_000

/** Never fails. What answers need not be what it says: only tell people, and send it nothing. */
export async function whoAnswers({ host, port }: Pick<Config, 'host' | 'port'>): Promise<Answering> {
  if (port === 0) return { who: 'nobody_of_ours' }
  try {
    const api = openApi({ url: serverUrl(host, port), isNamed: true })
    const card = await api.get<{ status?: Status | null }>('/', ANSWER_MS)
    return card.status ? { who: 'server', status: card.status } : { who: 'nobody_of_ours' }
  } catch (error) {
    if (error instanceof ApiError && error.problem.code === 'other_user') return { who: 'other_user' }
    return { who: 'nobody_of_ours' }
  }
}
