/** Members of groups, and blocking: what the real, unmodified whatsapp-web.js does on an early and on an autumn build. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import wweb from 'whatsapp-web.js'
import { newestBuildThatLinks, newestBuildWithSerialized } from './builds.ts'
import { amara, jurgen, ming, olena, openScene, type Scene } from './scene.ts'

const jid = (phone: string): string => `${phone}@c.us`

describe.each([newestBuildWithSerialized, newestBuildThatLinks])('on build $name', (build) => {
  let scene: Scene
  const groups = () => scene.world.state().groups
  /** The own group, of which Jürgen and Ming are members, and the other one. */
  const [own, other] = [() => groups()[1], () => groups()[0]]
  const handle = (id = '') => toObject<wweb.GroupChat>('GroupChat', id)
  const contact = (phone: string) => toObject<wweb.Contact>('Contact', jid(phone))
  /** The library's object of this class, without loading its data. */
  const toObject = <T>(className: string, id: string): T =>
    Object.assign(Object.create(Reflect.get(wweb, className).prototype), {
      client: scene.library.client,
      id: { _serialized: id },
    })
  const isBlocked = (phone: string): boolean =>
    scene.world.state().contacts.find((one) => one.phone === phone)?.blocked === true

  beforeAll(async () => {
    scene = await openScene({ build: build.name })
  })
  afterAll(() => scene.close())

  it('adds members, with a result for each', async () => {
    const options = { autoSendInviteV4: false, sleep: 0 }
    const results = await handle(own()?.id).addParticipants([amara, jurgen, '15559999999'].map(jid), options)
    expect(results).toMatchObject({
      [jid(amara)]: { code: 200 },
      [jid(jurgen)]: { code: 409 },
      [jid('15559999999')]: { code: 404 },
    })
    expect(own()?.members).toEqual([jurgen, ming, amara])
  })

  it('adds nobody who left lately, nor to a full group, nor without being its admin', async () => {
    const id = own()?.id ?? ''
    const add = async (phone: string, group: string = id) =>
      handle(group).addParticipants([jid(phone)], { autoSendInviteV4: false })
    await scene.world.leaveGroup({ group: id, member: amara })
    expect(await add(amara)).toMatchObject({ [jid(amara)]: { code: 408 } })
    await scene.world.setFault({ name: 'group_full', value: true })
    expect(await add(olena)).toMatchObject({ [jid(olena)]: { code: 500 } })
    await scene.world.clearFaults()
    expect(await add(ming, other()?.id)).toContain('no admin rights')
  })

  it('promotes, demotes and removes members', async () => {
    const group = handle(own()?.id)
    await group.promoteParticipants([jid(ming)])
    expect(own()?.admins).toContain(ming)
    await group.demoteParticipants([jid(ming)])
    expect(own()?.admins).not.toContain(ming)
    await group.removeParticipants([jid(ming)])
    expect(own()?.members).toEqual([jurgen])
  })

  it('reports people who are no members as promoted and demoted (OpenWA patch 7)', async () => {
    const group = handle(own()?.id)
    expect(await group.promoteParticipants([jid(olena)])).toEqual({ status: 200 })
    expect(await group.demoteParticipants([jid(olena)])).toEqual({ status: 200 })
    await expect(group.removeParticipants([jid(olena)])).rejects.toThrow('participants is empty')
    expect(own()?.admins).not.toContain(olena)
  })

  it('invites people who are not added: not since June 2026 (wwebjs#201789, wwebjs#201918)', async () => {
    const stranger = scene.world.addContact({ phone: '15550001777', pushname: 'Reserved' })
    await scene.world.setContact({ phone: stranger.phone, invitesOnly: true })
    await scene.world.setContact({ phone: olena, invitesOnly: true })
    const add = (phone: string) => handle(own()?.id).addParticipants([jid(phone)])
    if (build.findsChats) {
      expect(await add(olena)).toEqual({
        [jid(olena)]: { code: 403, isInviteV4Sent: true, message: expect.any(String) },
      })
      expect(scene.world.messages({ chat: jid(olena), limit: 1 })).toMatchObject([
        { type: 'groups_v4_invite', fromMe: true },
      ])
      return
    }
    await expect(add(stranger.phone)).rejects.toThrow('findImpl is not a function')
    await expect(add(olena)).rejects.toThrow("reading 'id'")
  })

  it('blocks and unblocks people: not since August 2026 (OpenWA patch 8)', async () => {
    if (!build.blocksByPhone) {
      await expect(contact(olena).block()).rejects.toThrow('is not a function')
      const block = (given: string) =>
        scene.library.client.pupPage?.evaluate(`(async () => {
          const { Contact } = window.require('WAWebCollections')
          const wid = window.require('WAWebWidFactory').createWid('${jid(ming)}')
          const lid = window.require('WAWebLidMigrationUtils').toUserLid(wid)
          const { blockContact } = window.require('WAWebBlockContactAction')
          await blockContact({ contact: Contact.gadd(${given}), blockEntryPoint: 'ChatListBlock' })
        })()`)
      // The seeded chat with Ming has a LID.
      await expect(block('wid')).rejects.toThrow('pn contact without a chat')
      await block('lid')
      expect(isBlocked(ming)).toBe(true)
      return
    }
    await contact(olena).block()
    expect(isBlocked(olena)).toBe(true)
    await contact(olena).unblock()
    expect(isBlocked(olena)).toBe(false)
  })
})
