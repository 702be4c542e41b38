/** The page's data in the browser profile: keys and link, split between localStorage and IndexedDB. */
import type { Credentials, Registration } from '../wire.ts'

// Real WhatsApp Web keeps parts of its keys in both; this exact split is an assumption. What matters: the two
// have different durability when Chrome is killed (F14), and neither half alone is sufficient.

/** Names as in the real page, so that code that looks for WhatsApp Web's data in a profile finds them. */
const localKeys = { keys: 'WANoiseInfo', link: 'last-wid-md' }
const database = 'signal-storage'
const table = 'signal-meta-store'

type LocalLink = { deviceId: string; localSecret: string }
type DatabaseLink = { deviceId: string; databaseSecret: string }

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(database, 1)
    request.onupgradeneeded = () => request.result.createObjectStore(table)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

async function inTable<T>(
  mode: IDBTransactionMode,
  run: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const opened = await openDatabase()
  try {
    return await new Promise((resolve, reject) => {
      const transaction = opened.transaction(table, mode)
      const request = run(transaction.objectStore(table))
      transaction.oncomplete = () => resolve(request.result)
      transaction.onerror = () => reject(transaction.error)
      transaction.onabort = () => reject(transaction.error)
    })
  } finally {
    opened.close()
  }
}

function readLocal<T>(key: string, pick: (value: T) => T): T | null {
  const text = localStorage.getItem(key)
  return text === null ? null : pick(JSON.parse(text))
}

/** 32 random bytes, base64. */
export function makeKey(): string {
  return btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))))
}

/**
 * This profile's keys, created at the first start: the noise key in localStorage, the identity in IndexedDB.
 */
export async function readRegistration(): Promise<Registration> {
  const local = readLocal<{ staticKey: string }>(localKeys.keys, (value) => value) ?? {
    staticKey: makeKey(),
  }
  localStorage.setItem(localKeys.keys, JSON.stringify(local))
  const kept: string | undefined = await inTable('readonly', (store) => store.get('identity'))
  const identityKey = kept ?? makeKey()
  if (kept === undefined) await inTable('readwrite', (store) => store.put(identityKey, 'identity'))
  return { ...local, identityKey, platform: '1' }
}

/** The link of this profile; null if there is none or one half is missing. */
export async function readCredentials(): Promise<Credentials | null> {
  const local = readLocal<LocalLink>(localKeys.link, (value) => value)
  const kept: DatabaseLink | undefined = await inTable('readonly', (store) => store.get('link'))
  if (!local || !kept || local.deviceId !== kept.deviceId) return null
  return { ...local, databaseSecret: kept.databaseSecret }
}

/** Resolves when the browser has received both halves. */
export async function writeCredentials(credentials: Credentials): Promise<void> {
  const { deviceId, localSecret, databaseSecret } = credentials
  localStorage.setItem(localKeys.link, JSON.stringify({ deviceId, localSecret }))
  await inTable('readwrite', (store) => store.put({ deviceId, databaseSecret }, 'link'))
}

/** Deletes link and keys. */
export async function clearStorage(): Promise<void> {
  localStorage.clear()
  await inTable('readwrite', (store) => store.clear())
}
