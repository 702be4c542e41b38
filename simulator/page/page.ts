/** The state that this page's parts share: what was served, who I am, the line to the service. */
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

/** The account; throws before the link. */
export function myAccount(): WireAccount {
  if (!page.account) throw new Error('simulator: this page is not linked')
  return page.account
}

/** The line to the service; throws before the page opened it. */
export function connection(): Connection {
  if (!page.connection) throw new Error('simulator: this page has no connection yet')
  return page.connection
}

/** Text for whoever looks at the browser window. */
export function showStatus(text: string): void {
  const line = document.getElementById('status')
  if (line) line.textContent = text
}

/**
 * The server wants a passkey. The page asks its browser for one, as the real one does (Baileys#2672), and goes on when
 * an authenticator answers. Where the person cancels that, a button stands for the authenticator.
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
    button.textContent = 'Continue with a passkey that this double makes up'
    button.addEventListener('click', answer, { once: true })
    document.body.append(button)
  }
}
