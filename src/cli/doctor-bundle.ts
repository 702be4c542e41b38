/** `doctor --bundle FILE`: facts for a bug report. Everything in it is a word of ours, a number or a time: nothing of a person. */
import { writeFileSync } from 'node:fs'
import { availableParallelism, release, totalmem } from 'node:os'
import { type Row, SETTINGS } from '../config.ts'
import { toPath } from '../home.ts'
import type { Status } from '../model/status.ts'
import { VERSION } from '../version.ts'
import type { Api } from './client.ts'
import type { Finding, Situation } from './doctor-check.ts'
import { errnoOf } from './errno.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { jsonLines } from './terminal.ts'

/** Settings with these placeholders (null: a switch) have numbers and words of ours as values. All others can name people, places or secrets. */
const OPEN_VALUES: readonly (string | null)[] = [
  ...[null, 'PORT', 'N', 'SECONDS', 'MESSAGES', 'DAYS', 'MIB', 'MS'],
  ...['POLICY', 'WHEN', 'LEVEL'],
]

/** A sample of `/metrics`: its name, its labels and its value. */
const METRIC = /^(?:whatsapp_|process_|nodejs_)\w+(?:\{[^}]*\})? \S+$/

export type BundleSource = Pick<Situation, 'config' | 'machine' | 'answering'> & {
  findings: readonly Finding[]
  /** The settings as they were given, by name. */
  given: Readonly<Record<string, string | undefined>>
  /** The running server; null if none is to be asked. */
  api: Api | null
}

/** Writes the bundle, which only its owner can read. An existing file is kept. @throws CommandError if it cannot be written */
export async function writeBundle(file: string, source: BundleSource): Promise<string> {
  const path = toPath(file)
  const text = jsonLines(await bundleOf(source))
  try {
    writeFileSync(path, text, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    throw new CommandError(
      `${path} cannot be written (${errnoOf(error) ?? error}).`,
      'Name a new file with --bundle, in a folder that you can write to.',
      EXIT.failed,
      { cause: error },
    )
  }
  return path
}

async function bundleOf({ config, machine, answering, findings, given, api }: BundleSource): Promise<object> {
  const browser = await browserOf({ config, machine })
  return {
    about:
      'Support bundle of whatsapp-mcp-api. It has no names, phone numbers, texts, paths, addresses or keys.',
    created_at: new Date().toISOString(),
    version: VERSION,
    machine: {
      node: machine.nodeVersion,
      platform: machine.platform,
      arch: process.arch,
      release: release(),
      processors: availableParallelism(),
      memory_bytes: totalmem(),
    },
    browser,
    settings: settingsOf(given),
    // Their sentences have paths and names.
    checks: findings.map(({ check, level }) => ({ check, level })),
    server: answering.who,
    accounts:
      answering.who === 'server'
        ? [answering.status, ...(answering.others ?? []).map(({ status }) => status)].map(statusOf)
        : [],
    whatsapp_web: await read(api, capabilitiesOf),
    metrics: await read(api, metricsOf),
  }
}

/** Returns each setting: `default`, or its value if its placeholder is one of {@link OPEN_VALUES}, else `set`. */
function settingsOf(given: BundleSource['given']): Record<string, string> {
  const rows: [string, Row][] = Object.entries(SETTINGS)
  return Object.fromEntries(
    rows.map(([name, { takes, schema, fallback }]) => {
      const text = given[name]?.trim() ?? ''
      if (text === '' || text === fallback) return [name, 'default']
      return [name, OPEN_VALUES.includes(takes) && schema.safeParse(text).success ? text : 'set']
    }),
  )
}

async function browserOf({
  config,
  machine,
}: Pick<BundleSource, 'config' | 'machine'>): Promise<object | null> {
  try {
    const found = machine.findBrowser(config.chromeExecutable, config.headless)
    if (found === null) return null
    const { output } =
      machine.platform === 'win32' ? { output: '' } : await machine.run(found.path, ['--version'])
    return { kind: found.kind, source: found.source, version: /\d+(?:\.\d+)+/.exec(output)?.[0] ?? null }
  } catch {
    return null
  }
}

/** The fields of a status that are words of ours, numbers or times. */
function statusOf(status: Status): object {
  const { state, reason, linked, connected, has_qr, since_at, proven_at, reconnect, headless } = status
  const { whatsapp_web_version, memory, restriction, control_problem, sync, archive } = status
  const { phase, chats_done, chats_total, messages: added, failed_chats } = sync ?? {}
  const { encrypted, messages, unknown_messages, problem, checking, stale_since } = archive ?? {}
  return {
    ...{ state, reason, linked, connected, has_qr, since_at, proven_at, reconnect, headless },
    ...{ whatsapp_web_version, memory, restriction, control_problem },
    sync: sync && { phase, chats_done, chats_total, messages: added, failed_chats: failed_chats?.length },
    archive: archive && { encrypted, messages, unknown_messages, problem, checking, stale_since },
  }
}

/** Returns what `from` reads; null if there is no server to ask, it does not answer, or it refuses this caller. */
async function read<T>(api: Api | null, from: (api: Api) => Promise<T>): Promise<T | null> {
  try {
    return api && (await from(api))
  } catch {
    return null
  }
}

type Capabilities = {
  whatsapp_web_version: string | null
  is_known_build: boolean | null
  missing: string[]
  operations: { operation: string; state: string }[]
}

async function capabilitiesOf(api: Api): Promise<object> {
  const { whatsapp_web_version, is_known_build, missing, operations } =
    await api.get<Capabilities>('/api/capabilities')
  const failing = operations.filter(({ state }) => state !== 'works')
  return {
    ...{ whatsapp_web_version, is_known_build, missing },
    operations: failing.map(({ operation, state }) => ({ operation, state })),
  }
}

/** The owner chose the ids of accounts and the names of rules: each becomes a number, and so do the ids of webhooks. */
async function metricsOf(api: Api): Promise<string[]> {
  const known = new Map<string, string[]>()
  const anonymous = (_: string, label: string, id: string) => {
    const ids = known.get(label) ?? []
    known.set(label, ids)
    if (!ids.includes(id)) ids.push(id)
    return `${label}="${ids.indexOf(id) + 1}"`
  }
  const lines = (await api.text('/metrics')).split('\n').filter((line) => METRIC.test(line))
  return lines.map((line) => line.replace(/\b(account|rule|webhook)="([^"]*)"/g, anonymous))
}
