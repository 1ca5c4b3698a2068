; kernel 0: kernel_7a18457617e9ce912368272a
; ModuleID = "kernel_7a18457617e9ce912368272a"
target datalayout = ""

define void @"kernel_7a18457617e9ce912368272a"(ptr %".1", i64 %".2", i64 %".3") #0
{
entry:
  %".5" = getelementptr i64, ptr %".1", i64 0
  %"b0" = load ptr, ptr %".5"
  %".6" = getelementptr i64, ptr %".1", i64 1
  %"b1" = load ptr, ptr %".6"
  %".7" = getelementptr i64, ptr %".1", i64 2
  %"N" = load i64, ptr %".7"
  %".8" = add i64 %"N", 0
  %".9" = udiv i64 %".8", 1
  %".10" = mul i64 %".9", %".2"
  %".11" = udiv i64 %".10", %".3"
  %".12" = mul i64 %".11", 1
  %".13" = add i64 %".2", 1
  %".14" = mul i64 %".9", %".13"
  %".15" = udiv i64 %".14", %".3"
  %".16" = mul i64 %".15", 1
  %".17" = icmp slt i64 %".16", %"N"
  %".18" = select  i1 %".17", i64 %".16", i64 %"N"
  %".19" = icmp slt i64 %".12", %".18"
  br i1 %".19", label %"loop", label %"done"
loop:
  %".21" = phi  i64 [%".12", %"entry"], [%".56", %"loop"]
  %".22" = mul nsw i64 %".21", 20
  %".23" = getelementptr inbounds float, ptr %"b0", i64 %".22"
  %".24" = load <8 x float>, ptr %".23", align 4
  %".25" = fmul contract <8 x float> %".24", <float 0x4000000000000000, float 0x4000000000000000, float 0x4000000000000000, float 0x4000000000000000, float 0x4000000000000000, float 0x4000000000000000, float 0x4000000000000000, float 0x4000000000000000>
  %".26" = fadd contract <8 x float> %".25", <float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000>
  %".27" = fcmp ogt <8 x float> <float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0>, %".26"
  %".28" = select  <8 x i1> %".27", <8 x float> <float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0>, <8 x float> %".26"
  %".29" = mul nsw i64 %".21", 20
  %".30" = getelementptr inbounds float, ptr %"b1", i64 %".29"
  store <8 x float> %".28", ptr %".30", align 4
  %".32" = mul nsw i64 %".21", 20
  %".33" = getelementptr inbounds float, ptr %"b0", i64 %".32"
  %".34" = getelementptr inbounds float, ptr %".33", i64 8
  %".35" = load <8 x float>, ptr %".34", align 4
  %".36" = fmul contract <8 x float> %".35", <float 0x4000000000000000, float 0x4000000000000000, float 0x4000000000000000, float 0x4000000000000000, float 0x4000000000000000, float 0x4000000000000000, float 0x4000000000000000, float 0x4000000000000000>
  %".37" = fadd contract <8 x float> %".36", <float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000>
  %".38" = fcmp ogt <8 x float> <float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0>, %".37"
  %".39" = select  <8 x i1> %".38", <8 x float> <float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0>, <8 x float> %".37"
  %".40" = mul nsw i64 %".21", 20
  %".41" = getelementptr inbounds float, ptr %"b1", i64 %".40"
  %".42" = getelementptr inbounds float, ptr %".41", i64 8
  store <8 x float> %".39", ptr %".42", align 4
  %".44" = mul nsw i64 %".21", 20
  %".45" = getelementptr inbounds float, ptr %"b0", i64 %".44"
  %".46" = getelementptr inbounds float, ptr %".45", i64 16
  %".47" = call <8 x float> @"llvm.masked.load.v8f32.p0"(ptr %".46", <8 x i1> <i1 1, i1 1, i1 1, i1 1, i1 0, i1 0, i1 0, i1 0>, <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>)
  %".48" = fmul contract <8 x float> %".47", <float 0x4000000000000000, float 0x4000000000000000, float 0x4000000000000000, float 0x4000000000000000, float 0x4000000000000000, float 0x4000000000000000, float 0x4000000000000000, float 0x4000000000000000>
  %".49" = fadd contract <8 x float> %".48", <float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000, float 0x3ff0000000000000>
  %".50" = fcmp ogt <8 x float> <float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0>, %".49"
  %".51" = select  <8 x i1> %".50", <8 x float> <float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0>, <8 x float> %".49"
  %".52" = mul nsw i64 %".21", 20
  %".53" = getelementptr inbounds float, ptr %"b1", i64 %".52"
  %".54" = getelementptr inbounds float, ptr %".53", i64 16
  call void @"llvm.masked.store.v8f32.p0"(<8 x float> %".51", ptr %".54", <8 x i1> <i1 1, i1 1, i1 1, i1 1, i1 0, i1 0, i1 0, i1 0>)
  %".56" = add nuw nsw i64 %".21", 1
  %".57" = icmp slt i64 %".56", %".18"
  br i1 %".57", label %"loop", label %"done"
done:
  ret void
}

declare <8 x float> @"llvm.masked.load.v8f32.p0"(ptr %".1", <8 x i1> %".2", <8 x float> %".3")

declare void @"llvm.masked.store.v8f32.p0"(<8 x float> %".1", ptr %".2", <8 x i1> %".3")
attributes #0 = { nounwind "prefer-vector-width"="256" "min-legal-vector-width"="256" }

