/** Opens the double of WhatsApp: the service, the https host, and, on request, the phone over HTTP. */

import { buildOfRun, findBuild } from './builds.ts'
import { openControl } from './control/control.ts'
import { openAccounts } from './service/accounts.ts'
import { openCertificate } from './service/certificate.ts'
import { expireMessages } from './service/changes.ts'
import type { Context } from './service/context.ts'
import { actOnFault } from './service/fault-acts.ts'
import { createFaults } from './service/faults.ts'
import { openHost } from './service/host.ts'
import { removeUnaware } from './service/links.ts'
import { createMediaHost, mediaHostName } from './service/media-host.ts'
import { createClock } from './service/pace.ts'
import { pictureHostName } from './service/pictures.ts'
import { createRandom } from './service/random.ts'
import { seedAccount, seedWorld } from './service/seed.ts'
import { seedExamples } from './service/seed-examples.ts'
import { openStore } from './service/store.ts'
import { createWorld } from './service/world.ts'
import type { OpenSimulator } from './simulator.ts'

/** See {@link OpenSimulator}. Starts no browser. */
export const openSimulator: OpenSimulator = async (options) => {
  const { dataDir, seed = 1, pace = 'none', qrTtlMs } = options
  const store = openStore(dataDir)
  const listeners = new Set<() => void>()
  let isTelling = false
  const changed = (): void => {
    if (isTelling) return
    isTelling = true
    queueMicrotask(() => {
      isTelling = false
      for (const listener of [...listeners]) listener()
    })
  }
  store.onChange(changed)

  const seeding = createRandom(seed)
  const { accounts, isNew } = openAccounts(store, () => seedAccount(seeding))
  const random = createRandom(seed + 7919 * accounts.generation + 1)
  const clock = createClock(pace, random)
  const mediaHost = createMediaHost(createRandom(seed + 7))
  if (isNew) {
    seedWorld(accounts.current(), seeding, clock.now())
    if (options.examples) seedExamples(accounts.current(), seeding, clock.now(), mediaHost)
  }

  const faults = createFaults((name, value, before) =>
    actOnFault(context, () => host.cutAll(), name, value, before),
  )
  const context: Context = {
    accounts,
    clock,
    random,
    faults,
    build: options.build === undefined ? buildOfRun() : findBuild(options.build),
    qrTtlMs,
    sessions: new Set(),
    pairing: null,
    codeRequests: [],
    refusals: [],
    mediaHost,
    reuploads: [],
    calls: new Map(),
    presences: [],
    lookups: [],
    browserNames: new Set(),
    phoneAsked: [],
    pushed: 0,
    unnoted: new Map(),
    uncounted: new Map(),
    doomed: new Set(),
    waiting: new Map(),
    groupQueue: { running: 0, next: [] },
    changed,
  }
  const certificate = await openCertificate(dataDir)
  const host = await openHost(context, certificate, pace === 'none')
  const onChange = (listener: () => void): (() => void) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  const world = createWorld(context, onChange)
  const expiry = setInterval(() => {
    for (const account of accounts.all()) {
      expireMessages(context, account)
      removeUnaware(context, account)
    }
  }, 1000)
  expiry.unref()
  const control = options.control ? await openControl(world, options.control, onChange) : null

  return {
    chromiumArgs: toChromiumArgs(host.port, certificate.spki),
    controlUrl: control?.url ?? null,
    world,
    onChange,
    async close() {
      clearInterval(expiry)
      await control?.close()
      await host.close()
      store.close()
    },
  }
}

/**
 * Browser arguments: web.whatsapp.com and the hosts of media and pictures are this host, every other name is not found, the certificate's key is
 * trusted (requires a `--user-data-dir`, which puppeteer always sets), and Chromium looks nothing up. A
 * document served by request interception counts as public for Chromium's local-network checks; the override
 * makes our port public too.
 */
function toChromiumArgs(port: number, spki: string): string[] {
  return [
    `--host-resolver-rules=MAP web.whatsapp.com:443 127.0.0.1:${port},MAP ${mediaHostName}:443 127.0.0.1:${port},MAP ${pictureHostName}:443 127.0.0.1:${port},MAP * ~NOTFOUND,EXCLUDE 127.0.0.1`,
    `--ignore-certificate-errors-spki-list=${spki}`,
    `--ip-address-space-overrides=127.0.0.1:${port}=public`,
    '--disable-quic',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
  ]
}
