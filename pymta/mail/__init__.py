"""The words of mail: frozen values that every other package speaks in.

Nothing here decides, waits or touches the world.  Whatever crosses a package boundary (an
address, an envelope, a reply, a caller) is one of these, so that a reader learns them once.
"""
