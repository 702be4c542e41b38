/** The commands of the server itself: run it, try it, stop it, check what it needs. */
import { builds } from '../../../simulator/builds.ts'
import { oneOf, SETTINGS, type SettingName, whole } from '../../config.ts'
import { defineCommand } from '../command.ts'
import { CommandError, EXIT } from '../exit-codes.ts'
import { ownConfig, ownSettings } from '../own-config.ts'
import { SHELLS } from '../shells.ts'
import { ALL_SETTINGS, json, minutes, server, switchFlag, text, url } from './flags.ts'

export const serve = defineCommand({
  name: 'serve',
  summary: 'Run the server (the default command)',
  about: '',
  operands: [],
  settings: ALL_SETTINGS,
  flags: {
    'idle-minutes': minutes(
      '0',
      'Stop the server after this number of minutes without a request or an open stream. 0: never.',
    ),
  },
  examples: [
    ['serve', 'Uses the default port and session directory'],
    ['serve --port 9000 --auth-dir ~/second-account', 'Runs a second, separate server'],
    ['serve --no-headless', 'Shows the browser window, for linking with a passkey'],
  ],
  exits: ['directory', 'port', 'browser'],
  run: async ({ settings, flags }) =>
    (await import('../serve.ts')).serve(ownConfig(settings), flags['idle-minutes']),
})

/** Settings that the sandbox does not take: it has its own directory and ports, and only this computer reaches it. */
export const PLACES: readonly SettingName[] = ['WHATSAPP_MCP_HOST', 'WHATSAPP_MCP_PORT', 'WHATSAPP_AUTH_DIR']

export const sandbox = defineCommand({
  name: 'sandbox',
  summary: 'Run the server with a simulated WhatsApp and a phone on a web page',
  about:
    'Server, library and browser are the real ones; only WhatsApp is simulated. The sandbox needs no account, and no data\nleaves this computer. It does not use the session and settings of the real server. Give settings as flags.',
  operands: [],
  settings: ALL_SETTINGS.filter((name) => SETTINGS[name].flag !== null && !PLACES.includes(name)),
  settingsFrom:
    'flags. The browser, its window, the log level and the commands for words in media also come from the environment and from `.env` in the working directory',
  flags: {
    linked: switchFlag('Link a sample account at the start, and print requests to try.'),
    accounts: {
      takes: 'N',
      schema: whole(1, 2),
      fallback: '1',
      help: 'With --linked: number of linked accounts, 1 or 2. The second is `second`. Two accounts can write to each other.',
    },
    port: {
      ...SETTINGS.WHATSAPP_MCP_PORT,
      fallback: '8890',
      help: 'Port of the server. 0 selects a free port.',
    },
    'phone-port': {
      ...SETTINGS.WHATSAPP_MCP_PORT,
      fallback: '8891',
      help: "Port of the phone page and the simulator's control API. 0 selects a free port.",
    },
    dir: text(
      'DIR',
      'Directory of the session and the simulated data. Default: .sandbox under the project root (for an installed package: in your data directory).',
    ),
    build: {
      takes: 'NAME',
      schema: oneOf(builds.map(({ name }) => name)),
      fallback: builds[0]?.name ?? '',
      help: `Build of WhatsApp Web to simulate: ${builds.map(({ name }) => name).join(', ')}.`,
    },
    pace: {
      takes: 'PACE',
      schema: oneOf(['none', 'realistic']),
      fallback: 'realistic',
      help: 'Delays of the simulated WhatsApp: none or realistic.',
    },
    seed: {
      takes: 'N',
      schema: whole(0, 2 ** 31),
      fallback: '1',
      help: 'Number that determines the sample data.',
    },
  },
  examples: [
    ['sandbox', 'Starts unlinked; link it on the phone page'],
    ['sandbox --linked', 'Starts linked, and prints requests to try'],
    ['sandbox --linked --accounts 2', 'Starts with two linked accounts that can write to each other'],
    [
      'sandbox --linked --rules --webhook-allowed-origins http://127.0.0.1:5678',
      'Starts with the rules of .sandbox/.whatsapp-mcp-api/rules.yaml, and allows a webhook to a program on this computer',
    ],
  ],
  exits: ['directory', 'port', 'browser'],
  run: async ({ settings, flags }) => (await import('../sandbox.ts')).sandbox(settings, flags),
})

export const completion = defineCommand({
  name: 'completion',
  summary: 'Print the script that completes commands and flags in a shell',
  about: `SHELL is one of: ${SHELLS.join(', ')}.`,
  operands: ['SHELL'],
  settings: [],
  flags: {},
  examples: [
    ['completion bash', 'For bash, to write to ~/.local/share/bash-completion/completions/whatsapp-mcp-api'],
    ['completion zsh', 'For zsh, to append to ~/.zshrc after the line with compinit'],
    ['completion fish', 'For fish, to write to ~/.config/fish/completions/whatsapp-mcp-api.fish'],
  ],
  exits: [],
  run: async ({ operands: [shell = ''] }) => {
    const [{ COMMANDS }, { renderCompletion }] = await Promise.all([
      import('../commands.ts'),
      import('../completion.ts'),
    ])
    const known = SHELLS.find((one) => one === shell)
    if (known === undefined)
      throw new CommandError(
        `${shell} is not a known shell.`,
        `Name one of ${SHELLS.join(', ')}.`,
        EXIT.wrongSetting,
      )
    process.stdout.write(renderCompletion(known, COMMANDS))
    return EXIT.ok
  },
})

export const stop = defineCommand({
  name: 'stop',
  summary: 'Stop the running server of a session directory, even if an MCP client started it',
  about:
    'Waits until the server and its browser have ended. The session stays linked. If no server runs, the command does\nnothing. An MCP client that uses stdio starts the server again with its next request.',
  operands: [],
  settings: ['WHATSAPP_AUTH_DIR'],
  flags: { json },
  examples: [
    ['stop', 'Stops the server of the default directory'],
    ['stop --auth-dir ~/second-account', 'Stops the server of another directory'],
  ],
  exits: [],
  run: async ({ settings, flags }) => (await import('../stop.ts')).stop(ownConfig(settings), flags),
})

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'Check browser, directories, disk, port and network, and print a fix for each problem',
  about:
    'Changes nothing, and can run while a server runs. Takes the flags of serve and checks what serve would use. With --url\nit checks what that server uses.',
  operands: [],
  settings: ALL_SETTINGS,
  flags: {
    json,
    ...server,
    url: {
      ...url,
      help: 'URL of a running server on this computer, such as a sandbox. Checks its directory, browser and port.',
    },
    bundle: text(
      'FILE',
      'Also write a support bundle for a bug report: versions, states and numbers, without names, phone numbers, texts, paths and keys.',
    ),
  },
  examples: [
    ['doctor', 'Prints a line for each check, and a next step for each problem'],
    ['doctor --port 9000 --json', 'Checks another port, and prints JSON'],
    ['doctor --url http://127.0.0.1:8890', 'Checks the sandbox'],
    ['doctor --bundle bundle.json', 'Writes what a bug report needs'],
  ],
  exits: ['notRunning'],
  run: async ({ settings, flags }) =>
    (await import('../doctor.ts')).doctor(
      (more) => ownConfig({ ...settings, ...more }),
      flags,
      () => ownSettings(settings),
    ),
})
