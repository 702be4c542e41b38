/** State shared by the page's parts: the boot data, the account, the connection to the service. */
import type { Boot, WireAccount } from '../wire.ts'
import type { Connection } from './connection.ts'

function readBoot(): Boot {
  const text = document.getElementById('boot')?.textContent
  if (!text) throw new Error('simulator: the document has no boot facts')
  return JSON.parse(text)
}

/** Facts of this load. */
export const boot: Boot = readBoot()

type Page = {
  account: WireAccount | null
  connection: Connection | null
}

export const page: Page = { account: null, connection: null }

/** The account; throws before linking. */
export function myAccount(): WireAccount {
  if (!page.account) throw new Error('simulator: this page is not linked')
  return page.account
}

/** The connection to the service; throws before the page has opened it. */
export function connection(): Connection {
  if (!page.connection) throw new Error('simulator: this page has no connection yet')
  return page.connection
}

/** Shows a text in the browser window. */
export function showStatus(text: string): void {
  const line = document.getElementById('status')
  if (line) line.textContent = text
}

/**
 * The server requires a passkey. The page requests one from its browser, as the real one does (Baileys#2672),
 * and continues when an authenticator confirms. If the person cancels, a button stands in for the
 * authenticator.
 */
export async function askForPasskey(answer: () => void): Promise<void> {
  const challenge = crypto.getRandomValues(new Uint8Array(32))
  try {
    await navigator.credentials.get({
      publicKey: { challenge, rpId: 'whatsapp.com', userVerification: 'required' },
    })
    answer()
  } catch (error) {
    showStatus(`No passkey: ${String(error)}`)
    const button = document.createElement('button')
    button.id = 'passkey'
    button.textContent = 'Continue with a simulated passkey'
    button.addEventListener('click', answer, { once: true })
    document.body.append(button)
  }
}
