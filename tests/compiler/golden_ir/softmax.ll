; kernel 0: kernel_f723dca3aed1d110ede92083
; ModuleID = "kernel_f723dca3aed1d110ede92083"
target datalayout = ""

define void @"kernel_f723dca3aed1d110ede92083"(ptr %".1", i64 %".2", i64 %".3") #0
{
entry:
  %".5" = getelementptr i64, ptr %".1", i64 0
  %"b0" = load ptr, ptr %".5"
  %".6" = getelementptr i64, ptr %".1", i64 1
  %"b5" = load ptr, ptr %".6"
  %".7" = getelementptr i64, ptr %".1", i64 2
  %"N" = load i64, ptr %".7"
  %".8" = getelementptr i64, ptr %".1", i64 3
  %"scratch" = load ptr, ptr %".8"
  %".9" = getelementptr i64, ptr %".1", i64 4
  %"scratch_stride" = load i64, ptr %".9"
  %".10" = mul i64 %".2", %"scratch_stride"
  %".11" = getelementptr i8, ptr %"scratch", i64 %".10"
  %"b1" = getelementptr i8, ptr %".11", i64 0
  %"b2" = getelementptr i8, ptr %".11", i64 64
  %"b3" = getelementptr i8, ptr %".11", i64 128
  %"b4" = getelementptr i8, ptr %".11", i64 192
  %".12" = add i64 %"N", 0
  %".13" = udiv i64 %".12", 1
  %".14" = mul i64 %".13", %".2"
  %".15" = udiv i64 %".14", %".3"
  %".16" = mul i64 %".15", 1
  %".17" = add i64 %".2", 1
  %".18" = mul i64 %".13", %".17"
  %".19" = udiv i64 %".18", %".3"
  %".20" = mul i64 %".19", 1
  %".21" = icmp slt i64 %".20", %"N"
  %".22" = select  i1 %".21", i64 %".20", i64 %"N"
  %".23" = icmp slt i64 %".16", %".22"
  br i1 %".23", label %"loop", label %"done"
loop:
  %".25" = phi  i64 [%".16", %"entry"], [%".167", %"loop"]
  %".26" = mul nsw i64 %".25", 10
  %".27" = getelementptr inbounds float, ptr %"b0", i64 %".26"
  %".28" = load <8 x float>, ptr %".27", align 4
  %".29" = fcmp ogt <8 x float> <float 0xfff0000000000000, float 0xfff0000000000000, float 0xfff0000000000000, float 0xfff0000000000000, float 0xfff0000000000000, float 0xfff0000000000000, float 0xfff0000000000000, float 0xfff0000000000000>, %".28"
  %".30" = select  <8 x i1> %".29", <8 x float> <float 0xfff0000000000000, float 0xfff0000000000000, float 0xfff0000000000000, float 0xfff0000000000000, float 0xfff0000000000000, float 0xfff0000000000000, float 0xfff0000000000000, float 0xfff0000000000000>, <8 x float> %".28"
  %".31" = mul nsw i64 %".25", 10
  %".32" = getelementptr inbounds float, ptr %"b0", i64 %".31"
  %".33" = getelementptr inbounds float, ptr %".32", i64 8
  %".34" = call <8 x float> @"llvm.masked.load.v8f32.p0"(ptr %".33", <8 x i1> <i1 1, i1 1, i1 0, i1 0, i1 0, i1 0, i1 0, i1 0>, <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>)
  %".35" = fcmp uno <8 x float> %".30", %".30"
  %".36" = fcmp ogt <8 x float> %".30", %".34"
  %".37" = select  <8 x i1> %".36", <8 x float> %".30", <8 x float> %".34"
  %".38" = select  <8 x i1> %".35", <8 x float> %".30", <8 x float> %".37"
  %".39" = select  <8 x i1> <i1 1, i1 1, i1 0, i1 0, i1 0, i1 0, i1 0, i1 0>, <8 x float> %".38", <8 x float> %".30"
  %".40" = shufflevector <8 x float> %".39", <8 x float> %".39", <4 x i32> <i32 0, i32 1, i32 2, i32 3>
  %".41" = shufflevector <8 x float> %".39", <8 x float> %".39", <4 x i32> <i32 4, i32 5, i32 6, i32 7>
  %".42" = fcmp uno <4 x float> %".40", %".40"
  %".43" = fcmp ogt <4 x float> %".40", %".41"
  %".44" = select  <4 x i1> %".43", <4 x float> %".40", <4 x float> %".41"
  %".45" = select  <4 x i1> %".42", <4 x float> %".40", <4 x float> %".44"
  %".46" = shufflevector <4 x float> %".45", <4 x float> %".45", <2 x i32> <i32 0, i32 1>
  %".47" = shufflevector <4 x float> %".45", <4 x float> %".45", <2 x i32> <i32 2, i32 3>
  %".48" = fcmp uno <2 x float> %".46", %".46"
  %".49" = fcmp ogt <2 x float> %".46", %".47"
  %".50" = select  <2 x i1> %".49", <2 x float> %".46", <2 x float> %".47"
  %".51" = select  <2 x i1> %".48", <2 x float> %".46", <2 x float> %".50"
  %".52" = shufflevector <2 x float> %".51", <2 x float> %".51", <1 x i32> <i32 0>
  %".53" = shufflevector <2 x float> %".51", <2 x float> %".51", <1 x i32> <i32 1>
  %".54" = fcmp uno <1 x float> %".52", %".52"
  %".55" = fcmp ogt <1 x float> %".52", %".53"
  %".56" = select  <1 x i1> %".55", <1 x float> %".52", <1 x float> %".53"
  %".57" = select  <1 x i1> %".54", <1 x float> %".52", <1 x float> %".56"
  %".58" = extractelement <1 x float> %".57", i32 0
  store float %".58", ptr %"b1", align 4
  store float              0x0, ptr %"b2", align 4
  %".61" = mul nsw i64 %".25", 10
  %".62" = getelementptr inbounds float, ptr %"b0", i64 %".61"
  %".63" = load <8 x float>, ptr %".62", align 4
  %".64" = load float, ptr %"b1", align 4
  %".65" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".64", i32 0
  %".66" = shufflevector <8 x float> %".65", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".67" = fsub contract <8 x float> %".63", %".66"
  %".68" = fcmp ogt <8 x float> <float 0xc05a400000000000, float 0xc05a400000000000, float 0xc05a400000000000, float 0xc05a400000000000, float 0xc05a400000000000, float 0xc05a400000000000, float 0xc05a400000000000, float 0xc05a400000000000>, %".67"
  %".69" = select  <8 x i1> %".68", <8 x float> <float 0xc05a400000000000, float 0xc05a400000000000, float 0xc05a400000000000, float 0xc05a400000000000, float 0xc05a400000000000, float 0xc05a400000000000, float 0xc05a400000000000, float 0xc05a400000000000>, <8 x float> %".67"
  %".70" = fcmp olt <8 x float> <float 0x4056600000000000, float 0x4056600000000000, float 0x4056600000000000, float 0x4056600000000000, float 0x4056600000000000, float 0x4056600000000000, float 0x4056600000000000, float 0x4056600000000000>, %".69"
  %".71" = select  <8 x i1> %".70", <8 x float> <float 0x4056600000000000, float 0x4056600000000000, float 0x4056600000000000, float 0x4056600000000000, float 0x4056600000000000, float 0x4056600000000000, float 0x4056600000000000, float 0x4056600000000000>, <8 x float> %".69"
  %".72" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".71", <8 x float> <float 0x3ff7154760000000, float 0x3ff7154760000000, float 0x3ff7154760000000, float 0x3ff7154760000000, float 0x3ff7154760000000, float 0x3ff7154760000000, float 0x3ff7154760000000, float 0x3ff7154760000000>, <8 x float> <float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000>)
  %".73" = fsub <8 x float> %".72", <float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000>
  %".74" = bitcast <8 x float> %".72" to <8 x i32>
  %".75" = bitcast <8 x float> <float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000> to <8 x i32>
  %".76" = sub <8 x i32> %".74", %".75"
  %".77" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".73", <8 x float> <float 0xbfe62e4000000000, float 0xbfe62e4000000000, float 0xbfe62e4000000000, float 0xbfe62e4000000000, float 0xbfe62e4000000000, float 0xbfe62e4000000000, float 0xbfe62e4000000000, float 0xbfe62e4000000000>, <8 x float> %".71")
  %".78" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".73", <8 x float> <float 0xbeb7f7d1c0000000, float 0xbeb7f7d1c0000000, float 0xbeb7f7d1c0000000, float 0xbeb7f7d1c0000000, float 0xbeb7f7d1c0000000, float 0xbeb7f7d1c0000000, float 0xbeb7f7d1c0000000, float 0xbeb7f7d1c0000000>, <8 x float> %".77")
  %".79" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> <float 0x3f56b9c5e0000000, float 0x3f56b9c5e0000000, float 0x3f56b9c5e0000000, float 0x3f56b9c5e0000000, float 0x3f56b9c5e0000000, float 0x3f56b9c5e0000000, float 0x3f56b9c5e0000000, float 0x3f56b9c5e0000000>, <8 x float> %".78", <8 x float> <float 0x3f812255e0000000, float 0x3f812255e0000000, float 0x3f812255e0000000, float 0x3f812255e0000000, float 0x3f812255e0000000, float 0x3f812255e0000000, float 0x3f812255e0000000, float 0x3f812255e0000000>)
  %".80" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".79", <8 x float> %".78", <8 x float> <float 0x3fa5556f20000000, float 0x3fa5556f20000000, float 0x3fa5556f20000000, float 0x3fa5556f20000000, float 0x3fa5556f20000000, float 0x3fa5556f20000000, float 0x3fa5556f20000000, float 0x3fa5556f20000000>)
  %".81" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".80", <8 x float> %".78", <8 x float> <float 0x3fc5554b40000000, float 0x3fc5554b40000000, float 0x3fc5554b40000000, float 0x3fc5554b40000000, float 0x3fc5554b40000000, float 0x3fc5554b40000000, float 0x3fc5554b40000000, float 0x3fc5554b40000000>)
  %".82" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".81", <8 x float> %".78", <8 x float> <float 0x3fdfffffe0000000, float 0x3fdfffffe0000000, float 0x3fdfffffe0000000, float 0x3fdfffffe0000000, float 0x3fdfffffe0000000, float 0x3fdfffffe0000000, float 0x3fdfffffe0000000, float 0x3fdfffffe0000000>)
  %".83" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".82", <8 x float> %".78", <8 x float> <float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000>)
  %".84" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".83", <8 x float> %".78", <8 x float> <float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000>)
  %".85" = ashr <8 x i32> %".76", <i32 1, i32 1, i32 1, i32 1, i32 1, i32 1, i32 1, i32 1>
  %".86" = add <8 x i32> %".85", <i32 127, i32 127, i32 127, i32 127, i32 127, i32 127, i32 127, i32 127>
  %".87" = shl <8 x i32> %".86", <i32 23, i32 23, i32 23, i32 23, i32 23, i32 23, i32 23, i32 23>
  %".88" = bitcast <8 x i32> %".87" to <8 x float>
  %".89" = fmul <8 x float> %".84", %".88"
  %".90" = sub <8 x i32> %".76", %".85"
  %".91" = add <8 x i32> %".90", <i32 127, i32 127, i32 127, i32 127, i32 127, i32 127, i32 127, i32 127>
  %".92" = shl <8 x i32> %".91", <i32 23, i32 23, i32 23, i32 23, i32 23, i32 23, i32 23, i32 23>
  %".93" = bitcast <8 x i32> %".92" to <8 x float>
  %".94" = fmul <8 x float> %".89", %".93"
  store <8 x float> %".94", ptr %"b3", align 4
  %".96" = mul nsw i64 %".25", 10
  %".97" = getelementptr inbounds float, ptr %"b0", i64 %".96"
  %".98" = getelementptr inbounds float, ptr %".97", i64 8
  %".99" = call <8 x float> @"llvm.masked.load.v8f32.p0"(ptr %".98", <8 x i1> <i1 1, i1 1, i1 0, i1 0, i1 0, i1 0, i1 0, i1 0>, <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>)
  %".100" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".64", i32 0
  %".101" = shufflevector <8 x float> %".100", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".102" = fsub contract <8 x float> %".99", %".101"
  %".103" = fcmp ogt <8 x float> <float 0xc05a400000000000, float 0xc05a400000000000, float 0xc05a400000000000, float 0xc05a400000000000, float 0xc05a400000000000, float 0xc05a400000000000, float 0xc05a400000000000, float 0xc05a400000000000>, %".102"
  %".104" = select  <8 x i1> %".103", <8 x float> <float 0xc05a400000000000, float 0xc05a400000000000, float 0xc05a400000000000, float 0xc05a400000000000, float 0xc05a400000000000, float 0xc05a400000000000, float 0xc05a400000000000, float 0xc05a400000000000>, <8 x float> %".102"
  %".105" = fcmp olt <8 x float> <float 0x4056600000000000, float 0x4056600000000000, float 0x4056600000000000, float 0x4056600000000000, float 0x4056600000000000, float 0x4056600000000000, float 0x4056600000000000, float 0x4056600000000000>, %".104"
  %".106" = select  <8 x i1> %".105", <8 x float> <float 0x4056600000000000, float 0x4056600000000000, float 0x4056600000000000, float 0x4056600000000000, float 0x4056600000000000, float 0x4056600000000000, float 0x4056600000000000, float 0x4056600000000000>, <8 x float> %".104"
  %".107" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".106", <8 x float> <float 0x3ff7154760000000, float 0x3ff7154760000000, float 0x3ff7154760000000, float 0x3ff7154760000000, float 0x3ff7154760000000, float 0x3ff7154760000000, float 0x3ff7154760000000, float 0x3ff7154760000000>, <8 x float> <float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000>)
  %".108" = fsub <8 x float> %".107", <float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000>
  %".109" = bitcast <8 x float> %".107" to <8 x i32>
  %".110" = bitcast <8 x float> <float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000> to <8 x i32>
  %".111" = sub <8 x i32> %".109", %".110"
  %".112" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".108", <8 x float> <float 0xbfe62e4000000000, float 0xbfe62e4000000000, float 0xbfe62e4000000000, float 0xbfe62e4000000000, float 0xbfe62e4000000000, float 0xbfe62e4000000000, float 0xbfe62e4000000000, float 0xbfe62e4000000000>, <8 x float> %".106")
  %".113" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".108", <8 x float> <float 0xbeb7f7d1c0000000, float 0xbeb7f7d1c0000000, float 0xbeb7f7d1c0000000, float 0xbeb7f7d1c0000000, float 0xbeb7f7d1c0000000, float 0xbeb7f7d1c0000000, float 0xbeb7f7d1c0000000, float 0xbeb7f7d1c0000000>, <8 x float> %".112")
  %".114" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> <float 0x3f56b9c5e0000000, float 0x3f56b9c5e0000000, float 0x3f56b9c5e0000000, float 0x3f56b9c5e0000000, float 0x3f56b9c5e0000000, float 0x3f56b9c5e0000000, float 0x3f56b9c5e0000000, float 0x3f56b9c5e0000000>, <8 x float> %".113", <8 x float> <float 0x3f812255e0000000, float 0x3f812255e0000000, float 0x3f812255e0000000, float 0x3f812255e0000000, float 0x3f812255e0000000, float 0x3f812255e0000000, float 0x3f812255e0000000, float 0x3f812255e0000000>)
  %".115" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".114", <8 x float> %".113", <8 x float> <float 0x3fa5556f20000000, float 0x3fa5556f20000000, float 0x3fa5556f20000000, float 0x3fa5556f20000000, float 0x3fa5556f20000000, float 0x3fa5556f20000000, float 0x3fa5556f20000000, float 0x3fa5556f20000000>)
  %".116" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".115", <8 x float> %".113", <8 x float> <float 0x3fc5554b40000000, float 0x3fc5554b40000000, float 0x3fc5554b40000000, float 0x3fc5554b40000000, float 0x3fc5554b40000000, float 0x3fc5554b40000000, float 0x3fc5554b40000000, float 0x3fc5554b40000000>)
  %".117" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".116", <8 x float> %".113", <8 x float> <float 0x3fdfffffe0000000, float 0x3fdfffffe0000000, float 0x3fdfffffe0000000, float 0x3fdfffffe0000000, float 0x3fdfffffe0000000, float 0x3fdfffffe0000000, float 0x3fdfffffe0000000, float 0x3fdfffffe0000000>)
  %".118" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".117", <8 x float> %".113", <8 x float> <float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000>)
  %".119" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".118", <8 x float> %".113", <8 x float> <float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000>)
  %".120" = ashr <8 x i32> %".111", <i32 1, i32 1, i32 1, i32 1, i32 1, i32 1, i32 1, i32 1>
  %".121" = add <8 x i32> %".120", <i32 127, i32 127, i32 127, i32 127, i32 127, i32 127, i32 127, i32 127>
  %".122" = shl <8 x i32> %".121", <i32 23, i32 23, i32 23, i32 23, i32 23, i32 23, i32 23, i32 23>
  %".123" = bitcast <8 x i32> %".122" to <8 x float>
  %".124" = fmul <8 x float> %".119", %".123"
  %".125" = sub <8 x i32> %".111", %".120"
  %".126" = add <8 x i32> %".125", <i32 127, i32 127, i32 127, i32 127, i32 127, i32 127, i32 127, i32 127>
  %".127" = shl <8 x i32> %".126", <i32 23, i32 23, i32 23, i32 23, i32 23, i32 23, i32 23, i32 23>
  %".128" = bitcast <8 x i32> %".127" to <8 x float>
  %".129" = fmul <8 x float> %".124", %".128"
  %".130" = getelementptr inbounds float, ptr %"b3", i64 8
  call void @"llvm.masked.store.v8f32.p0"(<8 x float> %".129", ptr %".130", <8 x i1> <i1 1, i1 1, i1 0, i1 0, i1 0, i1 0, i1 0, i1 0>)
  %".132" = select  <8 x i1> <i1 1, i1 1, i1 0, i1 0, i1 0, i1 0, i1 0, i1 0>, <8 x float> %".129", <8 x float> <float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0>
  %".133" = fadd contract <8 x float> %".94", %".132"
  %".134" = shufflevector <8 x float> %".133", <8 x float> %".133", <4 x i32> <i32 0, i32 1, i32 2, i32 3>
  %".135" = shufflevector <8 x float> %".133", <8 x float> %".133", <4 x i32> <i32 4, i32 5, i32 6, i32 7>
  %".136" = fadd contract <4 x float> %".134", %".135"
  %".137" = shufflevector <4 x float> %".136", <4 x float> %".136", <2 x i32> <i32 0, i32 1>
  %".138" = shufflevector <4 x float> %".136", <4 x float> %".136", <2 x i32> <i32 2, i32 3>
  %".139" = fadd contract <2 x float> %".137", %".138"
  %".140" = shufflevector <2 x float> %".139", <2 x float> %".139", <1 x i32> <i32 0>
  %".141" = shufflevector <2 x float> %".139", <2 x float> %".139", <1 x i32> <i32 1>
  %".142" = fadd contract <1 x float> %".140", %".141"
  %".143" = extractelement <1 x float> %".142", i32 0
  %".144" = load float, ptr %"b2", align 4
  %".145" = fadd contract float %".144", %".143"
  store float %".145", ptr %"b2", align 4
  %".147" = load float, ptr %"b2", align 4
  %".148" = fdiv float 0x3ff0000000000000, %".147"
  store float %".148", ptr %"b4", align 4
  %".150" = load <8 x float>, ptr %"b3", align 4
  %".151" = load float, ptr %"b4", align 4
  %".152" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".151", i32 0
  %".153" = shufflevector <8 x float> %".152", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".154" = fmul contract <8 x float> %".150", %".153"
  %".155" = mul nsw i64 %".25", 10
  %".156" = getelementptr inbounds float, ptr %"b5", i64 %".155"
  store <8 x float> %".154", ptr %".156", align 4
  %".158" = getelementptr inbounds float, ptr %"b3", i64 8
  %".159" = call <8 x float> @"llvm.masked.load.v8f32.p0"(ptr %".158", <8 x i1> <i1 1, i1 1, i1 0, i1 0, i1 0, i1 0, i1 0, i1 0>, <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>)
  %".160" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".151", i32 0
  %".161" = shufflevector <8 x float> %".160", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".162" = fmul contract <8 x float> %".159", %".161"
  %".163" = mul nsw i64 %".25", 10
  %".164" = getelementptr inbounds float, ptr %"b5", i64 %".163"
  %".165" = getelementptr inbounds float, ptr %".164", i64 8
  call void @"llvm.masked.store.v8f32.p0"(<8 x float> %".162", ptr %".165", <8 x i1> <i1 1, i1 1, i1 0, i1 0, i1 0, i1 0, i1 0, i1 0>)
  %".167" = add nuw nsw i64 %".25", 1
  %".168" = icmp slt i64 %".167", %".22"
  br i1 %".168", label %"loop", label %"done"
done:
  ret void
}

declare <8 x float> @"llvm.masked.load.v8f32.p0"(ptr %".1", <8 x i1> %".2", <8 x float> %".3")

declare <8 x float> @"llvm.fma.v8f32"(<8 x float> %".1", <8 x float> %".2", <8 x float> %".3")

declare void @"llvm.masked.store.v8f32.p0"(<8 x float> %".1", ptr %".2", <8 x i1> %".3")
attributes #0 = { nounwind "prefer-vector-width"="256" "min-legal-vector-width"="256" }

