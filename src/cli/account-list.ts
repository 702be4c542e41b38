/** The accounts of the running server. */
import type { Status } from '../model/status.ts'
import type { Api } from './client.ts'

/** An account as the API returns it. */
export type AccountView = { id: string; label: string | null; proxy: string | null; status: Status }

/** Returns every account of the server, `default` first. */
export async function readAccounts(api: Api): Promise<AccountView[]> {
  return (await api.get<{ accounts: AccountView[] }>('/api/accounts')).accounts
}
