#!/usr/bin/env bash
# Makes the specimens of this folder again: `tests/data/stamps/make.sh`. Needs chromium; the font is the stamps' own.
# Output differs in a few bytes from run to run (dates in the PDFs), the pictures do not.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
font=$here/../../../src/stamp/fonts/LiberationSerif-Regular.ttf
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
cp -- "$font" "$work/font.ttf"
head='<!doctype html><html lang=vi><meta charset=utf-8><style>@font-face{font-family:S;src:url(font.ttf)}html,body{margin:0;background:transparent;font-family:S}'

picture() { # NAME WIDTH HEIGHT SVG
    printf '%s</style>%s' "$head" "$4" >"$work/$1.html"
    chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --default-background-color=00000000 \
        --allow-file-access-from-files --window-size="$2,$3" --screenshot="$here/$1.png" "$work/$1.html" 2>/dev/null
}

document() { # NAME TITLE BODY
    printf '%s@page{size:A4;margin:20mm 20mm 20mm 30mm}body{font-size:14pt;line-height:1.35}table{width:100%%;border-collapse:collapse}td{vertical-align:top;padding:0}.c{text-align:center}p{margin:5pt 0;text-align:justify}</style><title>%s</title>%s' \
        "$head" "$2" "$3" >"$work/$1.html"
    chromium --headless --no-sandbox --disable-gpu --no-pdf-header-footer --allow-file-access-from-files \
        --print-to-pdf="$here/$1.pdf" "$work/$1.html" 2>/dev/null
}

picture seal 640 640 '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="640" viewBox="-100 -100 200 200" fill="none" stroke="#d2101e">
<circle r="97" stroke-width="4"/><circle r="91" stroke-width="1.4"/><circle r="62" stroke-width="1.4"/>
<path id="a" d="M -72 0 A 72 72 0 1 1 72 0" stroke="none"/><path id="b" d="M -82 0 A 82 82 0 0 0 82 0" stroke="none"/>
<g fill="#d2101e" text-anchor="middle"><g stroke-width=".4">
<text font-size="16" textLength="205" lengthAdjust="spacing"><textPath href="#a" startOffset="50%">MẪU DẤU KHÔNG CÓ GIÁ TRỊ</textPath></text>
<text font-size="14"><textPath href="#b" startOffset="50%">CHỈ ĐỂ THỬ</textPath></text></g>
<polygon points="0,-52 11.5,-16 49,-16 19,6 30.5,42 0,20 -30.5,42 -19,6 -49,-16 -11.5,-16" fill-opacity=".18" stroke="none"/>
<text y="16" font-size="44" stroke-width="1">MẪU</text></g></svg>'

picture signature 640 320 '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="320" viewBox="0 0 320 160" fill="none" stroke="#1b3fae" stroke-width="3.4" stroke-linecap="round" stroke-linejoin="round">
<path d="M18 112 C40 30 62 14 66 34 C70 60 36 128 48 126 C66 122 74 60 92 62 C104 64 82 116 96 116 C112 116 112 72 128 74 C140 76 122 112 138 112 C156 112 152 52 176 40 C196 32 178 116 200 114 C222 112 214 74 236 76 C250 78 240 104 300 70"/>
<path d="M30 138 C110 122 210 122 306 130" stroke-width="2.4"/>
<text x="196" y="152" font-size="22" fill="#1b3fae" stroke="none">MẪU</text></svg>'

document decision 'Quyết định (mẫu)' '<table style="font-size:13pt"><tr><td class=c style="width:42%">ỦY BAN NHÂN DÂN<br><u>PHƯỜNG HỒNG GAI</u><br>Số: 1234/QĐ-UBND<td class=c>CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM<br><u>Độc lập - Tự do - Hạnh phúc</u><br><i>Hồng Gai, ngày 24 tháng 11 năm 2026</i></table>
<h3 class=c style="font-weight:normal;margin:16pt 0 8pt">QUYẾT ĐỊNH<br>Về việc cấp giấy phép xây dựng nhà ở riêng lẻ (văn bản mẫu, không có giá trị)</h3>
<p class=c>CHỦ TỊCH ỦY BAN NHÂN DÂN PHƯỜNG HỒNG GAI</p>
<p>Căn cứ Luật Tổ chức chính quyền địa phương; căn cứ Luật Xây dựng;</p>
<p>Xét đề nghị của ông Trần Quốc Bảo tại hồ sơ số H49.50.05-261124-0001, tiếp nhận ngày 20 tháng 11 năm 2026,</p>
<p class=c>QUYẾT ĐỊNH:</p>
<p>Điều 1. Cấp giấy phép xây dựng nhà ở riêng lẻ cho ông Trần Quốc Bảo tại thửa đất số 12, tờ bản đồ số 34, phường Hồng Gai, tỉnh Quảng Ninh.</p>
<p>Điều 2. Quyết định này có hiệu lực kể từ ngày ký. Giao ông Lê Văn Tám theo dõi việc thực hiện.</p>
<p>Điều 3. Văn phòng, ông Lê Văn Tám và các cá nhân có liên quan chịu trách nhiệm thi hành quyết định này.</p>
<table style="margin-top:14pt"><tr><td style="width:48%;font-size:11pt"><i>Nơi nhận:</i><br>- Như Điều 3;<br>- UBND tỉnh (để báo cáo);<br>- Lưu: VT.<td class=c>KT. CHỦ TỊCH<br>PHÓ CHỦ TỊCH<div style="height:36mm"></div>Nguyễn Thị Phượng</table>'

document annex 'Phụ lục (mẫu)' '<p class=c>PHỤ LỤC<br>Danh mục công trình được cấp phép (văn bản mẫu, không có giá trị)</p>
<table border=1 style="font-size:13pt"><tr class=c><td>STT<td>Tên công trình<td>Địa điểm<tr><td class=c>1<td>Nhà ở riêng lẻ<td>Thửa đất số 12, tờ bản đồ số 34<tr><td class=c>2<td>Nhà ở kết hợp cửa hàng<td>Thửa đất số 15, tờ bản đồ số 34</table>'
