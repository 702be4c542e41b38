/** What the .mcpb bundle says about itself (github.com/anthropics/mcpb, MANIFEST.md), derived from the tables. */
import { toolName } from '../src/faces/mcp/words.ts'
import { OPERATIONS } from '../src/operations/index.ts'

/** What package.json says about the product. */
export type Package = {
  name: string
  version: string
  description: string
  license: string
  mcpName: string
  keywords: string[]
  engines: { node: string }
}

/** Where the bundle's program lies in it. */
export const ENTRY = 'server/index.mjs'

/** `manifest.json`, version 0.3. */
export function createManifest({ name, version, description, license, keywords, engines }: Package): object {
  return {
    manifest_version: '0.3',
    name,
    display_name: 'WhatsApp',
    version,
    description,
    long_description:
      'Leads to the server on this computer, which holds the WhatsApp session: start it with "whatsapp-mcp-api serve" and link your account with "whatsapp-mcp-api auth" (in a checkout: npm start, npm run auth). Messages stay on this computer, but for what you let your assistant read.\n\nAn unofficial client, not affiliated with WhatsApp or Meta.',
    author: { name },
    license,
    keywords,
    server: {
      type: 'node',
      entry_point: ENTRY,
      mcp_config: {
        command: 'node',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: the app that installs it fills these in
        args: ['${__dirname}/server/index.mjs'],
        // biome-ignore lint/suspicious/noTemplateCurlyInString: likewise
        env: { WHATSAPP_MCP_URL: '${user_config.url}' },
      },
    },
    tools: OPERATIONS.flatMap((operation) => {
      const tool = toolName(operation)
      return tool === null ? [] : [{ name: tool, description: operation.title }]
    }),
    tools_generated: true,
    prompts_generated: true,
    user_config: {
      url: {
        type: 'string',
        title: 'Address of the server',
        description: 'Where whatsapp-mcp-api runs on this computer.',
        default: 'http://127.0.0.1:8790',
        required: true,
      },
    },
    compatibility: { platforms: ['darwin', 'win32', 'linux'], runtimes: { node: engines.node } },
  }
}
