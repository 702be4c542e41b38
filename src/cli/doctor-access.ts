/** The doctor's check of who can use the account: limits of keys are none for programs that need no key. */
import { serverUrl } from '../config.ts'
import { ApiError, openApi } from './client.ts'
import type { Situation } from './doctor-checks.ts'

type Key = { name: string; scopes: string[] }

/** Returns what is limited while this user's programs need no key; null if nothing is, or if they need one. */
export async function describeOpenAccess({
  config,
  key,
}: Pick<Situation, 'config' | 'key'>): Promise<string | null> {
  if (config.keysRequired) return null
  if (config.hideChats.length > 0) return 'WHATSAPP_HIDE_CHATS hides chats'
  try {
    const api = openApi({ url: serverUrl(config.host, config.port), isNamed: true, key })
    const { keys } = await api.get<{ keys: Key[] }>('/api/keys')
    const limited = keys.find(({ scopes }) => !scopes.includes('admin'))
    return limited === undefined ? null : `The key ${JSON.stringify(limited.name)} is limited`
  } catch (error) {
    // Another check says what is wrong with the control database.
    if (error instanceof ApiError) return null
    throw error
  }
}
