/** Finds out which program responds at the address of the settings, for the doctor and for a start whose port is in use. */
import { type Config, serverUrl } from '../config.ts'
import type { Status } from '../model/status.ts'
import { ApiError, openApi } from './client.ts'

/** The program that responds at the address of the settings. */
export type Answering =
  | { who: 'nobody_of_ours' }
  /** Our server, with its status. */
  | { who: 'server'; status: Status }
  /** Our server, run by another user of this computer. It returns no status. */
  | { who: 'other_user' }

/** A program that does not respond within this time counts as another program. */
const ANSWER_MS = 5_000

/** Never rejects. The identity of the program is not verified: show the result to people, but send the program no data. */
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
