from __future__ import annotations

import base64
import os
import unittest

from telefuser_host.base64_text import decode_base64


class Base64Test(unittest.TestCase):
    def test_every_usual_spelling(self) -> None:
        for length in range(50):
            data = os.urandom(length)
            standard = base64.b64encode(data).decode()
            safe = base64.urlsafe_b64encode(data).decode()
            lines = base64.encodebytes(data).decode()
            for text in (standard, safe, standard.rstrip("="), safe.rstrip("="), lines, f" {standard}\t\r\n", standard.encode()):
                with self.subTest(text):
                    self.assertEqual(decode_base64(text), data)

    def test_what_is_no_base64(self) -> None:
        for text in (
            "A",
            "AAAAA",
            "no base64!",
            "AAA*",
            "QQ==QQ==",
            "QQ=A",
            "====",
            "=",
            "Q===",
            "QUI=QUI=",
            "Ä",
            "data:,QQ==",
            "\x00\x00\x00\x00",
        ):
            with self.subTest(text):
                self.assertIsNone(decode_base64(text))


if __name__ == "__main__":
    unittest.main()
