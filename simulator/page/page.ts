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

/** In a visible window: the button that stands for the user's own authenticator. */
export function showPasskey(answer: () => void): void {
  const button = document.createElement('button')
  button.id = 'passkey'
  button.textContent = 'Continue with passkey'
  button.addEventListener('click', answer, { once: true })
  document.body.append(button)
}
