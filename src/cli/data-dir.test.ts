import { describe, expect, it } from 'vitest'
import { dataRootOf, type Place } from './data-dir.ts'

const linux: Place = {
  root: '/home/ann/.npm/_npx/1a2b/node_modules/whatsapp-mcp-api',
  platform: 'linux',
  home: '/home/ann',
  env: {},
}
const mac: Place = {
  ...linux,
  root: '/opt/lib/node_modules/whatsapp-mcp-api',
  platform: 'darwin',
  home: '/Users/ann',
}
const windows: Place = {
  root: 'C:\\Users\\ann\\AppData\\Roaming\\npm\\node_modules\\whatsapp-mcp-api',
  platform: 'win32',
  home: 'C:\\Users\\ann',
  env: {},
}

describe('where data lies', () => {
  it.each<[string, Place, string]>([
    ['Linux', linux, '/home/ann/.local/share/whatsapp-mcp-api'],
    ['XDG_DATA_HOME', { ...linux, env: { XDG_DATA_HOME: '/data/ann' } }, '/data/ann/whatsapp-mcp-api'],
    [
      'XDG_DATA_HOME that is relative, which the specification ignores',
      { ...linux, env: { XDG_DATA_HOME: 'data' } },
      '/home/ann/.local/share/whatsapp-mcp-api',
    ],
    ['macOS', mac, '/Users/ann/Library/Application Support/whatsapp-mcp-api'],
    ['LOCALAPPDATA', { ...windows, env: { LOCALAPPDATA: 'D:\\Local' } }, 'D:\\Local\\whatsapp-mcp-api'],
    ['Windows without it', windows, 'C:\\Users\\ann\\AppData\\Local\\whatsapp-mcp-api'],
  ])('of an installed package: %s', (_, place, dir) => {
    expect(dataRootOf(place)).toBe(dir)
  })

  it.each<[string, Place]>([
    ['Linux', { ...linux, root: '/home/ann/whatsapp-mcp-api', env: { XDG_DATA_HOME: '/data/ann' } }],
    ['macOS', { ...mac, root: '/Users/ann/src/my_node_modules/wma' }],
    ['Windows', { ...windows, root: 'C:\\src\\whatsapp-mcp-api' }],
  ])('of a checkout, in itself: %s', (_, place) => {
    expect(dataRootOf(place)).toBe(place.root)
  })
})
