/** Calls from the page to Node that have no response: one message of the DevTools protocol each, where puppeteer's own take three. */
import type { CDPSession, Page } from 'puppeteer'

/** The function of the DevTools protocol in the page, which takes one text. */
const BINDING = 'whatsappMcpReport'

/** The library's functions whose result its page waits for (1.34.7, Client.js). */
const ANSWERED = new Set(['onLogoutEvent', 'onCodeReceivedEvent'])

type Run = (...args: unknown[]) => unknown

/**
 * From now on, `page.exposeFunction` exposes functions that return undefined in the page at once, but for {@link ANSWERED}. Their
 * calls arrive in order, also those of later documents. What a function throws is ignored, as the library's page does.
 */
export async function reportOneWay(page: Page): Promise<void> {
  const functions = new Map<string, Run>()
  const session = await page.createCDPSession()
  session.on('Runtime.bindingCalled', ({ name, payload }) => {
    if (name === BINDING) void call(functions, payload).catch(() => {})
  })
  releaseLogged(session)
  await session.send('Runtime.addBinding', { name: BINDING })
  // Without it, the binding would not be in later documents.
  await session.send('Runtime.enable')
  const expose = page.exposeFunction.bind(page)
  page.exposeFunction = async (name, run) => {
    if (ANSWERED.has(name) || typeof run !== 'function') return expose(name, run)
    functions.set(name, run as Run)
    await page.evaluateOnNewDocument(install, name, BINDING)
    // A document that is replaced meanwhile has it already.
    await page.evaluate(install, name, BINDING).catch(() => {})
  }
}

async function call(functions: ReadonlyMap<string, Run>, payload: string): Promise<void> {
  const { name, args } = JSON.parse(payload)
  await functions.get(name)?.(...args)
}

/** Releases what the page writes into its console: the protocol would keep it for each of its sessions. */
function releaseLogged(session: CDPSession): void {
  const release = () =>
    void session.send('Runtime.releaseObjectGroup', { objectGroup: 'console' }).catch(() => {})
  session.on('Runtime.consoleAPICalled', ({ args }) => {
    if (args.some(({ objectId }) => objectId !== undefined)) release()
  })
  session.on('Runtime.exceptionThrown', release)
}

/** Runs in the page. */
function install(name: string, binding: string): void {
  const page = globalThis as unknown as Record<string, unknown>
  page[name] ??= (...args: unknown[]) =>
    (page[binding] as (payload: string) => void)(JSON.stringify({ name, args }))
}
